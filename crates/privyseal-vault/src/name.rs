//! Mounts, paths and names of keys, as they come into the path of a request.

use crate::VaultError;

/// A path of segments that need no encoding.
pub(crate) fn path(path: &str) -> Result<String, VaultError> {
    // The server cleans paths, and `a/../b` would be another place than it seems.
    let is_segment = |segment: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(allowed)
    };
    let fits = path.len() <= MAX_LEN && path.split('/').all(is_segment);
    if fits {
        Ok(path.to_owned())
    } else {
        Err(VaultError::Path)
    }
}

/// A path of one segment.
pub(crate) fn segment(name: &str) -> Result<String, VaultError> {
    match path(name) {
        Ok(name) if !name.contains('/') => Ok(name),
        _ => Err(VaultError::Path),
    }
}

/// Two of them fit into the name of a key-encryption key.
const MAX_LEN: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_where_it_seems_to() {
        let longest = "x".repeat(120);
        for good in ["secret", "team/kv", "ring.2", "a-b/C_d/9", &longest] {
            assert_eq!(path(good).unwrap(), good);
        }
        let longer = "x".repeat(121);
        for bad in [
            "", "/", "/a", "a/", "a//b", ".", "a/../b", "a/.", "a b", "a?b", "a%2fb", "a#b",
            "\u{e4}", "a\n", &longer,
        ] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
        assert!(segment("ring").is_ok() && segment("a/b").is_err());
    }
}
