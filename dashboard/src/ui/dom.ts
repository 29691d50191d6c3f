/**
 * Makes elements. Text is always text: names come from agents, and there is no way here that would read them as markup.
 * Styles are classes: the page's policy allows no style in an attribute.
 */

type Child = Node | string | undefined | false;

export interface Attributes {
  readonly class?: string;
  readonly [attribute: string]: string | number | boolean | EventListener | undefined;
}

/** `onclick` and the like are listeners; true is an empty attribute, false and undefined none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** Puts `children` in the place of what is there. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== undefined && child !== false));
}
