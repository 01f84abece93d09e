//! The nearest known word, for suggestions.

/// The word of `known` that `word` most likely meant, if one is near enough to be worth saying.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let plain = |text: &str| text.replace('-', "_").to_lowercase();
    let wanted = plain(word);
    let near = known.into_iter().map(|k| (distance(&wanted, &plain(k)), k)).min_by_key(|&(d, _)| d)?;
    (near.0 <= limit).then_some(near.1)
}

/// Edits (insert, delete, replace, swap of neighbours) between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["held_across_await", "nested_acquire", "exclude"];
        assert_eq!(nearest("held-across-await", known), Some("held_across_await"));
        assert_eq!(nearest("nested_aquire", known), Some("nested_acquire"));
        assert_eq!(nearest("exlcude", known), Some("exclude"));
        assert_eq!(nearest("something_else", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
