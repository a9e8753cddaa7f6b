//! The transit engine, with another cipher under the names of its own: what it binds is the same.

use base64_simd::STANDARD;
use hyper::Method;
use rand::Rng as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use xaes_256_gcm::aead::{Aead as _, KeyInit as _, Payload};
use xaes_256_gcm::{Nonce, Xaes256Gcm};

use super::{Call, Fault, Reply, State, errors};

/// A key, under `MOUNT/NAME`.
pub(crate) struct TransitKey {
    pub(crate) kind: &'static str,
    pub(crate) is_derived: bool,
    pub(crate) versions: Vec<[u8; 32]>,
    pub(crate) min_decryption_version: usize,
    /// What a ciphertext gets that does not decrypt: 400, and with some versions 500.
    pub(crate) failure: u16,
}

impl TransitKey {
    pub(crate) fn new(kind: &'static str) -> Self {
        let mut key = Self {
            kind,
            is_derived: false,
            versions: Vec::new(),
            min_decryption_version: 1,
            failure: 400,
        };
        key.rotate();
        key
    }

    pub(crate) fn derived(kind: &'static str) -> Self {
        Self {
            is_derived: true,
            ..Self::new(kind)
        }
    }

    pub(crate) fn rotate(&mut self) {
        let mut key = [0; 32];
        rand::rng().fill_bytes(&mut key);
        self.versions.push(key);
    }

    fn cipher(&self, version: usize, request: &Value) -> Option<Xaes256Gcm> {
        let key = self.versions.get(version.checked_sub(1)?)?;
        let context = decoded(request, "context");
        let key = match (self.is_derived, context) {
            (false, _) => *key,
            (true, Some(context)) => Sha256::new()
                .chain_update(key)
                .chain_update(context)
                .finalize()
                .into(),
            (true, None) => return None,
        };
        Some(Xaes256Gcm::new(&key.into()))
    }
}

pub(super) fn reply(state: &State, call: &Call<'_>) -> Option<Reply> {
    let (place, name) = call.path.rsplit_once('/')?;
    let (mount, act) = place.rsplit_once('/')?;
    if mount != "transit" {
        return None;
    }
    let found = state.keys.get(&format!("{mount}/{name}"));
    let forgets = matches!(state.fault, Some(Fault::NoAssociatedData));
    match (act, &call.method, found) {
        ("keys", &Method::GET, None) => Some(errors(404, &[])),
        ("keys", &Method::GET, Some(key)) => {
            let data = json!({ "type": key.kind, "derived": key.is_derived, "name": name });
            Some((200, json!({ "data": data })))
        }
        // The real one makes the key in the first case, for who may; so nobody may get here.
        ("encrypt" | "decrypt", &Method::POST, None) => {
            Some(errors(400, &["encryption key not found"]))
        }
        ("encrypt", &Method::POST, Some(key)) => Some(encrypt(key, &call.content, forgets)),
        ("decrypt", &Method::POST, Some(key)) => Some(decrypt(key, &call.content, forgets)),
        _ => None,
    }
}

fn encrypt(key: &TransitKey, content: &Value, forgets: bool) -> Reply {
    let associated = match associated(key, content, forgets) {
        Ok(associated) => associated,
        Err(reply) => return reply,
    };
    let version = key.versions.len();
    let Some(cipher) = key.cipher(version, content) else {
        return errors(400, &["missing 'context' for key derivation"]);
    };
    let mut nonce = [0; 24];
    rand::rng().fill_bytes(&mut nonce);
    let plaintext = decoded(content, "plaintext").unwrap();
    let payload = Payload {
        msg: &plaintext,
        aad: &associated,
    };
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload).unwrap();
    let text = STANDARD.encode_to_string([nonce.as_slice(), &sealed].concat());
    let data = json!({ "ciphertext": format!("vault:v{version}:{text}"), "key_version": version });
    (200, json!({ "data": data }))
}

fn decrypt(key: &TransitKey, content: &Value, forgets: bool) -> Reply {
    let associated = match associated(key, content, forgets) {
        Ok(associated) => associated,
        Err(reply) => return reply,
    };
    let ciphertext = content.get("ciphertext").and_then(Value::as_str).unwrap();
    let Some(rest) = ciphertext.strip_prefix("vault:v") else {
        return errors(400, &["invalid ciphertext: no prefix"]);
    };
    let (version, text) = rest.split_once(':').unwrap();
    let version: usize = version.parse().unwrap();
    if version > key.versions.len() {
        return errors(400, &["invalid ciphertext: version is too new"]);
    }
    if version < key.min_decryption_version {
        let text = "ciphertext or signature version is disallowed by policy (too old)";
        return errors(400, &[text]);
    }
    let Some(cipher) = key.cipher(version, content) else {
        return errors(400, &["missing 'context' for key derivation"]);
    };
    let Ok(bytes) = STANDARD.decode_to_vec(text) else {
        return errors(400, &["invalid ciphertext: could not decode base64"]);
    };
    let Some((nonce, sealed)) = bytes.split_first_chunk::<24>() else {
        return errors(400, &["invalid ciphertext length"]);
    };
    let payload = Payload {
        msg: sealed,
        aad: &associated,
    };
    match cipher.decrypt(&Nonce::from(*nonce), payload) {
        Ok(plaintext) => {
            let data = json!({ "plaintext": STANDARD.encode_to_string(plaintext) });
            (200, json!({ "data": data }))
        }
        Err(_) => errors(key.failure, &["cipher: message authentication failed"]),
    }
}

fn associated(key: &TransitKey, content: &Value, forgets: bool) -> Result<Vec<u8>, Reply> {
    let associated = decoded(content, "associated_data").unwrap_or_default();
    if forgets {
        return Ok(Vec::new());
    }
    if !associated.is_empty() && key.kind.starts_with("rsa") {
        let text = "'[0].associated_data' provided for non-AEAD cipher suite";
        return Err(errors(400, &[text]));
    }
    Ok(associated)
}

fn decoded(content: &Value, name: &str) -> Option<Vec<u8>> {
    let text = content.get(name)?.as_str()?;
    Some(STANDARD.decode_to_vec(text).unwrap())
}
