/** The topology file: labels of hosts, said by the operator. YAML or JSON, with places for every mistake. */

import { checkValue } from '../core/config/check-value.js';
import { configError } from '../core/config/locate.js';
import { asWritten } from '../core/config/schema-tree.js';
import { readSource } from '../core/config/source.js';
import { Validator } from '../core/config/validator.js';
import { type Topology, TopologyForm } from '../core/pinglist/generate/topology.js';

/** Throws ConfigError with every mistake, or because the file cannot be read. */
export async function readTopology(path: string): Promise<Topology> {
  const source = await readSource(path, path, process.env);
  const topology =
    source.issues.length > 0
      ? undefined
      : checkValue(new Validator(), asWritten(TopologyForm), source, [], source.value ?? {});
  if (topology === undefined) throw configError(source.issues);
  return topology as Topology;
}
