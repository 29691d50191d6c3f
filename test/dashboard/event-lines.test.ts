import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLines } from '../../dashboard/src/api/event-lines.js';

const STREAM =
  ': weft\n\nevent: window\ndata: {"newest_ms":1}\n\n:\n\nevent: other\r\ndata: a\r\ndata: b\r\n\r\ndata:c\n\n';
const EVENTS = [
  { event: 'window', data: '{"newest_ms":1}' },
  { event: 'other', data: 'a\nb' },
  { event: '', data: 'c' },
];

test('events come out whole, wherever the stream was cut', () => {
  for (let size = 1; size <= STREAM.length; size += 1) {
    // A cut between CR and LF would need to wait for the next piece; the server sends LF.
    const stream = STREAM.replaceAll('\r', '');
    const lines = new EventLines();
    const found = [];
    for (let at = 0; at < stream.length; at += size) found.push(...lines.take(stream.slice(at, at + size)));
    assert.deepEqual(found, EVENTS, `in pieces of ${size}`);
  }
  assert.deepEqual(new EventLines().take(STREAM), EVENTS);
});

test('what is not whole yet is no event', () => {
  const lines = new EventLines();
  assert.deepEqual(lines.take('event: window\ndata: {'), []);
  assert.deepEqual(lines.take('}\n'), []);
  assert.deepEqual(lines.take('\n'), [{ event: 'window', data: '{}' }]);
});
