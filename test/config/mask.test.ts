import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMask } from '../../src/config/mask.ts';

test('a secret is replaced wherever it stands', () => {
  const mask = createMask(['hunter2']);

  assert.equal(mask('hunter2: hunter2hunter2, or hunter2'), '***: ***, or ***');
  assert.equal(mask('hunter'), 'hunter');
  assert.equal(mask(''), '');
});

test('secrets shorter than four characters are left, and no secrets change nothing', () => {
  assert.equal(createMask(['abc', ''])('abc'), 'abc');
  assert.equal(createMask([])('abc'), 'abc');
});

test('the longest secret wins, and those that overlap go together', () => {
  assert.equal(createMask(['pass', 'password'])('my password, my pass'), 'my ***, my ***');
  assert.equal(createMask(['abcd', 'cdef'])('-abcdef-'), '-***-');
  assert.equal(createMask(['aaaa'])('aaaaaa b'), '*** b');
});

test('a secret that the stars would complete is hidden too', () => {
  assert.equal(createMask(['abcd', '***!'])('abcd!'), '***');
  assert.equal(createMask(['abcd', '****'])('abcd*, ****'), '***, ***');
});

test('a secret is found in JSON, in a URL and in base64', () => {
  const secret = 'pä"ss\\wo/rd ?\n+';
  const mask = createMask([secret]);
  const base64 = Buffer.from(secret).toString('base64');

  assert.equal(mask(JSON.stringify({ secret })), '{"secret":"***"}');
  assert.equal(mask(`?a=${encodeURIComponent(secret)}&b`), '?a=***&b');
  assert.equal(mask(`?a=${encodeURIComponent(secret).replaceAll(/%../g, (code) => code.toLowerCase())}&b`), '?a=***&b');
  assert.equal(mask(`?${new URLSearchParams({ secret }).toString()}`), '?secret=***');
  assert.equal(mask(`token ${base64}.`), 'token ***.');
  assert.equal(mask(`token ${Buffer.from(secret).toString('base64url')}.`), 'token ***.');
});

test('a password is found in a header of basic authentication, behind a user of any length', () => {
  const mask = createMask(['correct horse']);

  for (const user of ['a', 'ad', 'ada', 'adam']) {
    const masked = mask(Buffer.from(`${user}:correct horse`).toString('base64'));
    assert.match(masked, /\*\*\*/);
    assert.doesNotMatch(Buffer.from(masked.replaceAll('*', ''), 'base64').toString(), /orrect|hors/);
  }
});

test('a secret of several lines is found line by line, and without the space around it', () => {
  const mask = createMask(['-----BEGIN KEY-----\r\nMIIEvQIBADANBg\r\n}\r\n']);

  assert.equal(mask('key:\n  MIIEvQIBADANBg\n}'), 'key:\n  ***\n}');
  assert.equal(createMask(['hunter2\n'])('it is hunter2.'), 'it is ***.');
});

test('half a character at the end of a secret does no harm', () => {
  assert.equal(createMask(['abcd\uD83D'])('abcd\uD83D!'), '***!');
});

test('what comes out never contains a secret', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '"', '\n', ' '), maxLength: 12 });
  const any = fc.oneof(letters, fc.string({ unit: 'binary', maxLength: 12 }));
  const lines = fc.array(fc.oneof(any, fc.nat({ max: 9 })), { maxLength: 20 });

  fc.assert(
    fc.property(fc.array(any, { maxLength: 10 }), lines, (secrets, parts) => {
      const text = parts.map((part) => (typeof part === 'number' ? (secrets[part] ?? '') : part)).join('');
      const mask = createMask(secrets);
      const hidden = secrets.filter((secret) => secret.length >= 4);

      const shown = mask(text);
      const shownInJson = mask(JSON.stringify(parts.map(String)));

      for (const secret of hidden) {
        assert.ok(!shown.includes(secret));
        assert.ok(!shownInJson.includes(JSON.stringify(secret).slice(1, -1)));
      }
      assert.equal(mask(shown), shown);
    }),
    { numRuns: 1_000 },
  );
});

test('text without a secret is left as it is', () => {
  const secret = fc.string({ minLength: 4 });

  fc.assert(
    fc.property(
      fc.array(secret),
      fc.string({ unit: fc.constantFrom('\u0001', '\u0002'), maxLength: 200 }),
      (all, text) => {
        assert.equal(createMask(all)(text), text);
      },
    ),
  );
});
