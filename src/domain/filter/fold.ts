/**
 * The one home of case-insensitive comparison: two strings are equal regardless of case when their folds are equal.
 * NFKC also unites the composed and decomposed spellings of one character, which different clients mix.
 */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
