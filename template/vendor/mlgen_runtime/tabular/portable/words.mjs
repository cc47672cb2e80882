/**
 * The words of a text, and how much each of them counts: words.py says the same, and why the ranges are written out.
 */

const SEPARATORS =
  "\\u0000-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00a9\\u00ab-\\u00b1\\u00b4\\u00b6-\\u00b8\\u00bb\\u00bf\\u00d7\\u00f7" +
  "\\u1680\\u2000-\\u206f\\u20a0-\\u20cf\\u2190-\\u2bff\\u2e00-\\u2e7f\\u3000-\\u303f\\ufe30-\\ufe6f\\ufeff\\uff00-\\uff0f" +
  "\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65\\u{1f000}-\\u{1faff}";
const WORD = new RegExp(`[^${SEPARATORS}]+`, "gu");
const CASED = /[\u0041-\u005a\u00c0-\u0587\u1e00-\u1fff]/g;

/** The words of a text, in order: what stands between separators, in small letters. */
export function tokens(text) {
  return text.replace(CASED, (letter) => letter.toLowerCase()).match(WORD) ?? [];
}

/** How much each word of a vocabulary (word to position) counts in a text: so often it has it, times its idf, to a length of 1. */
export function weights(text, vocabulary, idf) {
  const found = Array(vocabulary.size).fill(0);
  for (const word of tokens(text)) if (vocabulary.has(word)) found[vocabulary.get(word)] += 1;
  const weighted = found.map((count, at) => count * idf[at]);
  const length = Math.sqrt(weighted.reduce((total, weight) => total + weight * weight, 0));
  return weighted.map((weight) => (weight ? weight / length : 0));
}
