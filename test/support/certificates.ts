/** An authority with a server and a client certificate for 127.0.0.1, made by openssl for one test. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  readonly caFile: string;
  readonly server: { readonly certFile: string; readonly keyFile: string };
  readonly client: { readonly cert: Buffer; readonly key: Buffer };
  readonly ca: Buffer;
}

export function makeCertificates(folder: string): Certificates {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=weft test', '-days', '2');
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...sign, '-out', `${name}.pem`);
  }
  return {
    caFile: file('ca.pem'),
    ca: readFileSync(file('ca.pem')),
    server: { certFile: file('server.pem'), keyFile: file('server.key') },
    client: { cert: readFileSync(file('client.pem')), key: readFileSync(file('client.key')) },
  };
}

const CA_CONFIG = `
[ca]
default_ca = weft
[weft]
database = index.txt
new_certs_dir = .
rand_serial = yes
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = policy
[policy]
commonName = supplied
`;

/** The server's certificate as it was in 2020; its key is the server's. `folder` is that of makeCertificates. */
export function makeExpiredCertificate(folder: string): string {
  writeFileSync(join(folder, 'ca.conf'), CA_CONFIG);
  writeFileSync(join(folder, 'index.txt'), '');
  const time = ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'];
  const files = ['-in', 'server.csr', '-out', 'expired.pem', '-extfile', 'names'];
  execFileSync('openssl', ['ca', '-batch', '-notext', '-config', 'ca.conf', ...time, ...files], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return join(folder, 'expired.pem');
}
