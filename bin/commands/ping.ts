export async function ping(_o: object, _s: object): Promise<number> {
  return 1;
}
