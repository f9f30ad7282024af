import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withArticle } from '../../src/lib/article.ts';

const consonants = `
  User UserError Unit Union UniqueId UUID Uuid URL UTCDate Uint8Array UsageError UtilityBill European OneTimeToken U
  Money Hash Map Session FileHandle Histogram Hostname Xylophone MIMEType RESTClient FIFOQueue _Row $Row`;
const vowels = `
  Uncle Update Upload Upstream Unknown UnauthorizedError UnexpectedError UninitializedError UnimplementedError Urn Usher
  Error Invoice object Account Euler HTTPError HttpError XmlParser S3Client SNSClient X509Certificate XAxis Hour HonorCode`;

test('the name of a class has the article that its sound asks for', () => {
  for (const name of consonants.trim().split(/\s+/)) assert.equal(withArticle(name), `a ${name}`);
  for (const name of vowels.trim().split(/\s+/)) assert.equal(withArticle(name), `an ${name}`);
});
