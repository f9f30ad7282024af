/** As in `an Hour`, `an Error`, `an HTTPError`: letters one by one, and words, as they are spoken. */
const vowels = /^(?:[AEIOUaeiou]|[FHLMNRS](?![a-zAEIOU])|X(?![a-z])|Ht(?:tp|ml)|Xml|H(?:our|eir|onest|onou?r))/;
/** As in `a User`, `a URL`, `a Uint8Array`, `a European`, `a OneTimeToken`; but `an Uncle`, `an UnauthorizedError`. */
const notVowels = /^(?:U(?![a-z])|[Uu](?:int\d|uid|ni(?![mn])|[cgklrst][aeiou])|Eu(?!l)|One(?![a-z])|Once)/;

/** The name of a class, with the article that its sound asks for. */
export function withArticle(name: string): string {
  return `${vowels.test(name) && !notVowels.test(name) ? 'an' : 'a'} ${name}`;
}
