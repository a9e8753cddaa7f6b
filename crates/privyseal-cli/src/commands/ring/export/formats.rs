//! The keys as the configuration of other frameworks.
//!
//! Of the keys, the first one signs, and the others verify, new ones first.

use zeroize::Zeroizing;

type Key = Zeroizing<Vec<u8>>;

/// Lines of an environment file. The bytes stand in hexadecimal, as a key may be no text.
pub(super) fn flask(keys: &[Key]) -> Zeroizing<String> {
    let texts: Vec<_> = keys.iter().map(hex).collect();
    let mut file = room_for(keys);
    for line in [
        "# The keys are in hexadecimal. In Flask 3.1.1 or later:\n",
        "#   app.secret_key = bytes.fromhex(os.environ[\"SECRET_KEY\"])\n",
        "#   fallbacks = json.loads(os.environ[\"SECRET_KEY_FALLBACKS\"])\n",
        "#   app.config[\"SECRET_KEY_FALLBACKS\"] = [bytes.fromhex(key) for key in fallbacks]\n",
        "SECRET_KEY=",
    ] {
        file.push_str(line);
    }
    push_first(&mut file, &texts, "", "");
    file.push_str("\nSECRET_KEY_FALLBACKS=[");
    push_rest(&mut file, &texts, '"', ",");
    file.push_str("]\n");
    file
}

/// Lines of `settings.py`.
pub(super) fn django(keys: &[Key]) -> Zeroizing<String> {
    let texts: Vec<_> = keys.iter().map(text_or_hex).collect();
    let mut file = room_for(keys);
    file.push_str("SECRET_KEY = ");
    push_first(&mut file, &texts, "\"", "\"");
    file.push_str("\nSECRET_KEY_FALLBACKS = [\n");
    push_rest(&mut file, &texts, '"', ",\n");
    if texts.len() > 1 {
        file.push_str(",\n");
    }
    file.push_str("]\n");
    file
}

/// An initializer. Rails derives the keys of its cookies from each secret.
pub(super) fn rails(keys: &[Key]) -> Zeroizing<String> {
    let texts: Vec<_> = keys.iter().map(text_or_hex).collect();
    let mut file = room_for(keys);
    file.push_str("# config/initializers/secret_key_base.rb\n");
    file.push_str("Rails.application.config.secret_key_base = ");
    push_first(&mut file, &texts, "'", "'");
    file.push_str("\nformer_secrets = [\n");
    push_rest(&mut file, &texts, '\'', ",\n");
    file.push_str(RAILS_ROTATIONS);
    file
}

/// The manifest of a Secret. The keys stand in hexadecimal, as in the file for Flask.
pub(super) fn kubernetes(keys: &[Key], name: &str) -> Zeroizing<String> {
    let texts: Vec<_> = keys.iter().map(hex).collect();
    let mut file = room_for(keys);
    for part in [
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"",
        name,
        "\"\ntype: Opaque\nstringData:\n  SECRET_KEY: ",
    ] {
        file.push_str(part);
    }
    push_first(&mut file, &texts, "\"", "\"");
    file.push_str("\n  SECRET_KEY_FALLBACKS: '[");
    push_rest(&mut file, &texts, '"', ",");
    file.push_str("]'\n");
    file
}

fn push_first(file: &mut String, texts: &[Zeroizing<String>], before: &str, after: &str) {
    if let Some(first) = texts.first() {
        file.push_str(before);
        file.push_str(first);
        file.push_str(after);
    }
}

fn push_rest(file: &mut String, texts: &[Zeroizing<String>], quote: char, between: &str) {
    for (at, text) in texts.iter().skip(1).enumerate() {
        if at > 0 {
            file.push_str(between);
        }
        file.push(quote);
        file.push_str(text);
        file.push(quote);
    }
}

fn hex(key: &Key) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * key.len()));
    for byte in key.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}

/// A key that was a text elsewhere stays the same text, so that its sessions go on; any other is
/// one in hexadecimal.
fn text_or_hex(key: &Key) -> Zeroizing<String> {
    let is_plain =
        |byte: &u8| (b' '..=b'~').contains(byte) && !matches!(byte, b'"' | b'\'' | b'\\' | b'#');
    match str::from_utf8(key) {
        Ok(text) if key.iter().all(is_plain) => Zeroizing::new(text.to_owned()),
        _ => hex(key),
    }
}

/// All the room at once: a text that grows leaves copies of keys behind.
fn room_for(keys: &[Key]) -> Zeroizing<String> {
    let keys: usize = keys.iter().map(|key| 2 * key.len() + 8).sum();
    Zeroizing::new(String::with_capacity(keys + 2048))
}

const RAILS_ROTATIONS: &str = "
]

Rails.application.config.after_initialize do
  settings = Rails.application.config.action_dispatch
  length = ActiveSupport::MessageEncryptor.key_len('aes-256-gcm')
  former_secrets.each do |secret|
    generator = ActiveSupport::KeyGenerator.new(
      secret, iterations: 1000, hash_digest_class: OpenSSL::Digest::SHA256
    )
    settings.cookies_rotations.tap do |cookies|
      cookies.rotate :encrypted,
        generator.generate_key(settings.authenticated_encrypted_cookie_salt, length)
      cookies.rotate :signed, generator.generate_key(settings.signed_cookie_salt)
    end
  end
end
";

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<Key> {
        let keys: [&[u8]; 3] = [&[0xab; 32], b"legacy text of another time", b"it's \"one\""];
        keys.map(|key| Zeroizing::new(key.to_vec())).into()
    }

    #[test]
    fn flask_gets_bytes_in_hexadecimal_the_newest_first() {
        let file = flask(&keys());
        let first = "ab".repeat(32);
        assert!(
            file.contains(&format!("\nSECRET_KEY={first}\n")),
            "{}",
            *file
        );
        let rest = "\nSECRET_KEY_FALLBACKS=[\"6c6567616379207465787420\
                    6f6620616e6f746865722074696d65\",\"69742773";
        assert!(file.contains(rest), "{}", *file);
        assert!(flask(&keys()[..1]).ends_with("\nSECRET_KEY_FALLBACKS=[]\n"));
    }

    #[test]
    fn django_gets_texts_and_keeps_those_of_another_time() {
        let hex = "ab".repeat(32);
        assert_eq!(
            *django(&keys()),
            format!(
                "SECRET_KEY = \"{hex}\"\nSECRET_KEY_FALLBACKS = [\n\
                 \"legacy text of another time\",\n\"6974277320226f6e6522\",\n]\n"
            )
        );
        assert!(django(&keys()[..1]).ends_with("SECRET_KEY_FALLBACKS = [\n]\n"));
    }

    #[test]
    fn rails_gets_a_secret_and_its_rotations() {
        let file = rails(&keys());
        let first = format!("secret_key_base = '{}'\n", "ab".repeat(32));
        assert!(file.contains(&first), "{}", *file);
        let former = "former_secrets = [\n'legacy text of another time',\n'69742773";
        assert!(file.contains(former), "{}", *file);
    }

    #[test]
    fn kubernetes_gets_a_secret_with_both_lists() {
        let file = kubernetes(&keys()[..2], "shop");
        assert!(file.contains("\n  name: \"shop\"\n"), "{}", *file);
        assert!(
            file.contains("\n  SECRET_KEY_FALLBACKS: '[\"6c65"),
            "{}",
            *file
        );
    }

    #[test]
    fn no_export_grows_and_leaves_copies_behind() {
        let keys: Vec<Key> = (0..130).map(|_| Zeroizing::new(vec![0xab; 64])).collect();
        let room = room_for(&keys).capacity();
        for file in [
            flask(&keys),
            django(&keys),
            rails(&keys),
            kubernetes(&keys, "n"),
        ] {
            assert!(file.len() <= room);
        }
    }
}
