//! A Python `dict` with `str` keys, in insertion order.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::{Text, Value};

/// A mapping from text to values that keeps the order of insertion, as Python's `dict` does.
///
/// Sessions hold a few keys, so the pairs lie in one vector and looking a key up walks along it.
/// Two dicts are equal when they hold the same pairs, whatever their order.
///
/// # Examples
/// ```
/// use privyseal::value::{Dict, Value};
///
/// let mut dict = Dict::new();
/// dict.insert("a", 1);
/// dict.insert("b", 2);
/// assert_eq!(dict.insert("a", 3), Some(Value::Int(1)));
/// assert_eq!(dict.keys().filter_map(|key| key.as_str()).collect::<String>(), "ab");
/// ```
#[derive(Clone, Default)]
pub struct Dict(Vec<(Text, Value)>);

impl Dict {
    /// An empty dict.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.iter()
            .find_map(|(own, value)| (own == key).then_some(value))
    }

    /// The value of `key`, for changing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0
            .iter_mut()
            .find_map(|(own, value)| (own == key).then_some(value))
    }

    /// The value of a key that may hold lone surrogates.
    pub fn get_text(&self, key: &Text) -> Option<&Value> {
        self.iter()
            .find_map(|(own, value)| (own == key).then_some(value))
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets `key` and gives back the value it had. A new key goes last, an old one stays in place.
    pub fn insert(&mut self, key: impl Into<Text>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        if let Some((_, own)) = self.0.iter_mut().find(|(own, _)| *own == key) {
            return Some(std::mem::replace(own, value));
        }
        self.0.push((key, value));
        None
    }

    /// Removes `key` and gives back its value; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(own, _)| own == key)?;
        Some(self.0.remove(at).1)
    }

    /// Removes a key that may hold lone surrogates and gives back its value.
    pub fn remove_text(&mut self, key: &Text) -> Option<Value> {
        let at = self.0.iter().position(|(own, _)| own == key)?;
        Some(self.0.remove(at).1)
    }

    /// Keeps the pairs for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Text, &mut Value) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// Removes every key.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The pairs in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.iter())
    }

    /// The pairs in order, values for changing.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Text, &mut Value)> + '_ {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Text> + '_ {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> + '_ {
        self.0.iter().map(|(_, value)| value)
    }

    /// The only pair, if there is exactly one.
    pub(crate) fn as_single(&self) -> Option<(&Text, &Value)> {
        match self.0.as_slice() {
            [(key, value)] => Some((key, value)),
            _ => None,
        }
    }

    /// The value of the first pair, taken out of the dict.
    pub(crate) fn into_first(self) -> Option<(Text, Value)> {
        self.0.into_iter().next()
    }

    pub(crate) fn as_pairs(&self) -> &[(Text, Value)] {
        &self.0
    }

    /// Pairs as a JSON object lists them: of a repeated key the last value wins, at the place
    /// where the key was first seen.
    pub(crate) fn from_pairs(pairs: Vec<(Text, Value)>) -> Self {
        if !has_repeated_key(&pairs) {
            return Self(pairs);
        }
        let mut places = HashMap::with_capacity(pairs.len());
        let mut unique: Vec<(Text, Value)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let place = *places.entry(key.clone()).or_insert(unique.len());
            match unique.get_mut(place) {
                Some((_, own)) => *own = value,
                None => unique.push((key, value)),
            }
        }
        Self(unique)
    }
}

/// Compares pairwise when that is cheaper than hashing; hashing keeps a large object linear.
fn has_repeated_key(pairs: &[(Text, Value)]) -> bool {
    const HASH_FROM: usize = 17;
    if pairs.len() < HASH_FROM {
        let mut rest = pairs;
        while let Some(((key, _), after)) = rest.split_first() {
            if after.iter().any(|(other, _)| other == key) {
                return true;
            }
            rest = after;
        }
        return false;
    }
    let mut seen = HashSet::with_capacity(pairs.len());
    !pairs.iter().all(|(key, _)| seen.insert(key))
}

impl PartialEq for Dict {
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() {
            return false;
        }
        // Each value is compared once, whatever the order: comparing in order first and by key after
        // that would double the work at every level of nesting.
        self.iter()
            .zip(other)
            .all(|((key, value), (other_key, other_value))| {
                if key == other_key {
                    value == other_value
                } else {
                    other.get_text(key) == Some(value)
                }
            })
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Into<Text>, V: Into<Value>> FromIterator<(K, V)> for Dict {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self::from_pairs(
            pairs
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl<K: Into<Text>, V: Into<Value>> Extend<(K, V)> for Dict {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        let mut all = std::mem::take(&mut self.0);
        all.extend(
            pairs
                .into_iter()
                .map(|(key, value)| (key.into(), value.into())),
        );
        *self = Self::from_pairs(all);
    }
}

impl IntoIterator for Dict {
    type Item = (Text, Value);
    type IntoIter = std::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Dict {
    type Item = (&'a Text, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The pairs of a [`Dict`] in order.
#[derive(Clone, Debug)]
pub struct Iter<'a>(std::slice::Iter<'a, (Text, Value)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Text, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key, value))
    }
}

impl ExactSizeIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_keeps_its_first_place_and_takes_the_last_value() {
        for filler in [0, 13, 14, 40] {
            let filler = (0..filler).map(|n| (format!("f{n}"), n));
            let mut dict: Dict = [("a", 1), ("b", 2), ("a", 3)]
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .chain(filler)
                .collect();
            assert!(
                format!("{dict:?}").starts_with("{\"a\": Int(3), \"b\": Int(2)"),
                "{dict:?}"
            );
            dict.extend([("b", 9)]);
            assert_eq!(dict.get("b"), Some(&Value::Int(9)));
        }
    }

    #[test]
    fn equality_of_deep_dicts_takes_no_longer_than_they_are_deep() {
        // Comparing every level twice would take 2^100 steps.
        let nested = |leaf: i64| {
            (0..100).fold(Value::Int(leaf), |inner, _| {
                Value::Dict([("a", inner), ("b", Value::Null)].into_iter().collect())
            })
        };
        assert_eq!(nested(1), nested(1));
        assert_ne!(nested(1), nested(2));
    }

    #[test]
    fn keys_come_go_and_keep_their_order() {
        let mut dict: Dict = [("a", 1), ("b", 2), ("c", 3)].into_iter().collect();
        assert_eq!(dict.remove("b"), Some(Value::Int(2)));
        assert_eq!(dict.remove("b"), None);
        assert_eq!(dict.insert("d", 4), None);
        assert_eq!(dict.insert("a", "x"), Some(Value::Int(1)));
        if let Some(value) = dict.get_mut("c") {
            *value = Value::Null;
        }
        assert_eq!(
            format!("{dict:?}"),
            r#"{"a": Str("x"), "c": Null, "d": Int(4)}"#
        );
        assert_eq!(
            dict.iter().next_back().map(|(key, _)| key.as_str()),
            Some(Some("d"))
        );
        dict.clear();
        assert!(dict.is_empty());
    }

    #[test]
    fn equality_ignores_order() {
        let ab: Dict = [("a", 1), ("b", 2)].into_iter().collect();
        let ba: Dict = [("b", 2), ("a", 1)].into_iter().collect();
        let other: Dict = [("a", 1), ("c", 2)].into_iter().collect();
        assert_eq!(ab, ba);
        assert_ne!(ab, other);
        assert_ne!(ab, Dict::new());
    }
}
