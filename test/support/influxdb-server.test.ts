import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasInfluxdb, InfluxdbServer } from './influxdb-server.js';

const skip = hasInfluxdb() ? false : 'Debian package influxdb is not installed';

test('what is written is there, also after a restart on the same port', { skip }, async (t) => {
  const server = await InfluxdbServer.start(t);
  await server.query('CREATE DATABASE weft');
  await server.write('weft', 'probe,src=a sent=3i 1500000000001000000');
  const { url } = server;
  await server.kill();
  await server.restart();
  assert.equal(server.url, url);
  assert.deepEqual(await server.query('SELECT sent FROM probe GROUP BY src', 'weft'), [
    { name: 'probe', tags: { src: 'a' }, columns: ['time', 'sent'], values: [[1500000000001, 3]] },
  ]);
  await assert.rejects(server.write('weft', 'probe sent=1.5 1500000000002000000'), /field type conflict/);
  await assert.rejects(server.query('SELECT', 'weft'), /error parsing query/);
});

test('with auth nobody gets in without a password', { skip }, async (t) => {
  const server = await InfluxdbServer.start(t, { auth: true });
  await server.query("CREATE USER root WITH PASSWORD 'secret' WITH ALL PRIVILEGES");
  await assert.rejects(server.query('SHOW DATABASES'), /unable to parse authentication credentials/);
  assert.equal((await server.query('SHOW DATABASES', '', ['root', 'secret']))[0]?.name, 'databases');
});
