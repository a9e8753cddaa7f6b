//! The sessions that are signed and sealed: what a Flask application that signs people in carries.

/// A session with its name in the table, as the tagged JSON that stands in a cookie.
#[derive(Clone, Copy)]
pub(crate) struct Payload {
    pub(crate) name: &'static str,
    pub(crate) json: &'static str,
}

/// A session of 100 bytes that zlib cannot shorten by the two bytes that Flask asks for.
pub(crate) const PLAIN: Payload = Payload {
    name: "100B",
    json: concat!(
        r#"{"_fresh":true,"_user_id":"1042","csrf_token":"#,
        r#""hT3kZq0V_xW8yNfJ2mLs7RbGdPa5UeIoK1cY4uX9vA","k":6}"#,
    ),
};

/// A session of about the same size that zlib shortens: messages to be shown once.
pub(crate) const DEFLATED: Payload = Payload {
    name: "100B-zlib",
    json: concat!(
        r#"{"_flashes":[{" t":["message","Profile saved."]},"#,
        r#"{" t":["message","Password saved."]}],"user_id":1042}"#,
    ),
};

/// A session of a kilobyte with every kind of value that Flask tags; zlib always shortens it,
/// since JSON has no 256 different bytes.
pub(crate) const KILOBYTE: Payload = Payload {
    name: "1KB",
    json: concat!(
        r#"{"_fresh":true,"_id":"c1a9f3d27b604e58c1a9f3d27b604e58a7d0","_permanent":true,"#,
        r#""_user_id":"1042","cart":[{" t":["SKU-10423",2,19.95]},{" t":["SKU-88120",1,249.0]},"#,
        r#"{" t":["SKU-00017",12,0.79]},{" t":["SKU-55301",1,89.5]}],"#,
        r#""csrf_token":"hT3kZq0V_xW8yNfJ2mLs7RbGdPa5UeIoK1cY4uX9vA","#,
        r#""device":{" u":"6f1e4f6cbb0f4e35a9d2c07d1be84a55"},"last_seen":"#,
        r#"{" d":"Sun, 22 Nov 2026 08:15:30 GMT"},"locale":"de-AT","location":"#,
        r#"{" t":[48.2082,16.3738]},"next":"/orders/2026/11/4711?tab=items&sort=price","#,
        r#""organisations":[{"id":17,"name":"Nordwind Logistik GmbH","role":"admin"},"#,
        r#"{"id":2093,"name":"Caf\u00e9 Zentral","role":"editor"},"#,
        r#"{"id":5501,"name":"Verein der Gartenfreunde","role":"viewer"}],"#,
        r#""profile":{"display_name":"Zo\u00eb Brandst\u00e4tter","email":"zoe@example.com","#,
        r#""email_verified":true,"phone":null},"rate":1.0750000000000002,"#,
        r#""recent":["invoice-88213","invoice-88190","quote-5521","quote-5507"],"#,
        r#""settings":{"density":"compact","theme":"dark","timezone":"Europe/Vienna"},"#,
        r#""terms_accepted":{" d":"Mon, 02 Mar 2026 17:40:09 GMT"},"#,
        r#""visits":318}"#,
    ),
};

#[cfg(test)]
mod tests {
    use privyseal::formats::flask::FlaskSession;
    use privyseal::formats::flask::tagged;
    use privyseal::{KeyRing, SecretKey, Timestamp};

    use super::*;

    #[test]
    fn payloads_are_of_the_sizes_that_the_table_says() {
        assert!(
            (97..=102).contains(&PLAIN.json.len()),
            "{}",
            PLAIN.json.len()
        );
        let len = DEFLATED.json.len();
        assert!((97..=102).contains(&len), "{len}");
        let len = KILOBYTE.json.len();
        assert!((1024..=1098).contains(&len), "{len}");
    }

    #[test]
    fn payloads_are_what_flask_writes() {
        let flask = FlaskSession::new(&KeyRing::new(SecretKey::generate().unwrap()));
        for (payload, compressed) in [(PLAIN, false), (DEFLATED, true), (KILOBYTE, true)] {
            let value = tagged::loads(payload.json.as_bytes()).unwrap();
            let written = tagged::dumps(&value, true).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), payload.json);
            let now = Timestamp::from_unix_seconds(1_700_000_000);
            let cookie = flask.sign(payload.json.as_bytes(), now).unwrap();
            assert_eq!(cookie.starts_with('.'), compressed, "{}", payload.name);
        }
    }
}
