//! Under whom a session lies in the store.
//!
//! ```text
//! user                  a user of an application without a name
//! //application/user    one of an application with a name
//! ///hash               where that cannot be: the name has a slash or a control character, all of it
//!                       is too long, or the user of an application without a name begins with //
//! ```
//!
//! So two applications share a store, and not their users. The name ends at the first slash behind
//! it and is never empty, so that none of these texts stands for two users.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::store::Subject;

/// The subject of the row, for a user of an application.
pub(crate) fn owner(application: &str, subject: &Subject) -> Subject {
    if application.is_empty() && !subject.as_str().starts_with(MARK) {
        return subject.clone();
    }
    let has_room_for_name = !application.is_empty() && !application.contains('/');
    let named = has_room_for_name
        .then(|| Subject::new(format!("{MARK}{application}/{}", subject.as_str())));
    match named {
        Some(Ok(named)) => named,
        Some(Err(_)) | None => hashed(application, subject),
    }
}

/// The application is preceded by its length, so that no two pairs are the same bytes.
fn hashed(application: &str, subject: &Subject) -> Subject {
    let mut hash = Sha256::new_with_prefix(b"privyseal owner v1");
    hash.update((application.len() as u64).to_be_bytes());
    hash.update(application);
    hash.update(subject.as_str());
    let mut owner = format!("{MARK}/");
    for byte in hash.finalize() {
        let _ = write!(owner, "{byte:02x}");
    }
    #[expect(
        clippy::expect_used,
        reason = "three slashes and 64 hexadecimal digits are a subject"
    )]
    Subject::new(owner).expect("a subject may be of slashes and digits")
}

/// How the owner begins unless it is the user alone.
const MARK: &str = "//";

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn of(application: &str, subject: &str) -> String {
        let subject = Subject::new(subject).unwrap();
        owner(application, &subject).as_str().to_owned()
    }

    #[test]
    fn a_user_is_read_at_a_glance() {
        assert_eq!(of("", "user-4711"), "user-4711");
        assert_eq!(of("shop", "user-4711"), "//shop/user-4711");
        assert_eq!(of("Café 2", "a/b"), "//Café 2/a/b");
    }

    #[test]
    fn no_two_users_of_any_applications_have_one_owner_a14() {
        let mut seen = HashMap::new();
        let long = "x".repeat(255);
        let mut subjects = vec!["a".to_owned(), "b".into(), "a/b".into(), "/".into(), long];
        let applications = ["", "a", "a/b", "b", "/", "//a", "a\u{1f}", "x\0", "ab"];
        // What stands in the store for one user is the name of another, twice over.
        for _ in 0..2 {
            let taken: Vec<_> = applications
                .iter()
                .flat_map(|application| subjects.iter().map(|subject| of(application, subject)))
                .collect();
            subjects.extend(taken);
            subjects.sort();
            subjects.dedup();
        }
        for application in applications {
            for subject in &subjects {
                let pair = (application, subject.clone());
                if let Some(other) = seen.insert(of(application, subject), pair.clone()) {
                    panic!("{pair:?} and {other:?}");
                }
            }
        }
    }

    #[test]
    fn an_owner_is_as_long_as_a_subject_at_most() {
        let subject = |len| "s".repeat(len);
        let fits = 255 - "//shop/".len();
        assert_eq!(of("shop", &subject(fits)).len(), Subject::MAX_LEN);
        let hashes = [
            of("shop", &subject(fits + 1)),
            of("shop", &subject(255)),
            of(&"a".repeat(100_000), "s"),
            of("", "//shop/s"),
        ];
        for hash in hashes {
            assert_eq!(hash.len(), 67);
            assert!(hash.starts_with("///"));
        }
        assert_eq!(of("", &subject(255)), subject(255));
    }
}
