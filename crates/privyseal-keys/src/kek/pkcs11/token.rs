//! The calls to a token. They block.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::{PinSource, error};
use crate::kek::seal::{KEY_LEN, Key};
use crate::kek::{KekError, KekId, private};
use crate::{KeyText, SourceError};

/// A key in a token, which may be away.
pub(super) struct Token {
    kek: KekId,
    module: PathBuf,
    /// Of the token.
    label: String,
    key_label: String,
    pin: PinSource,
    state: Mutex<State>,
}

/// What is kept between calls; it is locked during each, so that no two try the same bad PIN.
#[derive(Default)]
struct State {
    module: Option<Pkcs11>,
    refused_pin: Option<Zeroizing<String>>,
}

impl Token {
    pub(super) fn new(
        kek: KekId,
        module: PathBuf,
        token_label: &str,
        key_label: &str,
        pin: PinSource,
    ) -> Self {
        Self {
            kek,
            module,
            label: token_label.to_owned(),
            key_label: key_label.to_owned(),
            pin,
            state: Mutex::default(),
        }
    }

    pub(super) fn create_key(&self) -> Result<(), KekError> {
        self.in_session(Pkcs11::open_rw_session, |session| {
            if !self.keys(session)?.is_empty() {
                return Err(self.unfit("there is a key of this label already"));
            }
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen((KEY_LEN as u64).into()),
                Attribute::Label(self.key_label.clone().into_bytes()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Wrap(true),
                Attribute::Unwrap(true),
                // Otherwise whoever may use it could take the wrapped keys apart.
                Attribute::Encrypt(false),
                Attribute::Decrypt(false),
            ];
            let made = session.generate_key(&Mechanism::AesKeyGen, &template);
            made.map(drop).map_err(|error| self.failed(error))
        })
    }

    pub(super) fn wrap(&self, key: &Key) -> Result<Vec<u8>, KekError> {
        self.in_session(Pkcs11::open_ro_session, |session| {
            let kek = self.key(session)?;
            let mut template = transient().to_vec();
            template.push(Attribute::Value(key.to_vec()));
            let object = session.create_object(&template);
            // The copy of the key that was handed over is wiped.
            if let Some(Attribute::Value(copy)) = template.last_mut() {
                zeroize::Zeroize::zeroize(copy);
            }
            let object = object.map_err(|error| self.failed(error))?;
            let wrapped = session.wrap_key(&Mechanism::AesKeyWrap, kek, object);
            wrapped.map_err(|error| self.failed(error))
        })
    }

    pub(super) fn unwrap(&self, wrapped: &[u8]) -> Result<Key, KekError> {
        self.in_session(Pkcs11::open_ro_session, |session| {
            let kek = self.key(session)?;
            let object = session
                .unwrap_key(&Mechanism::AesKeyWrap, kek, wrapped, &transient())
                .map_err(|error| error::of_unwrapping(&self.kek, error))?;
            let value = session.get_attributes(object, &[AttributeType::Value]);
            let mut value = value.map_err(|error| self.failed(error))?;
            let Some(Attribute::Value(value)) = value.pop() else {
                // Of a sensitive key, tokens give an empty answer and no error.
                return Err(self.unfit("the token does not give out what it unwraps"));
            };
            let value = Zeroizing::new(value);
            let key = value.first_chunk().filter(|_| value.len() == KEY_LEN);
            key.map(|key| Zeroizing::new(*key)).ok_or(KekError::Corrupt)
        })
    }

    /// Does something in a session of its own, signed in.
    ///
    /// Handles are dead in a process that was forked. So none is kept, and the module is told to
    /// begin each time, to which it says that it has already if it has.
    fn in_session<T>(
        &self,
        open: impl FnOnce(&Pkcs11, Slot) -> Result<Session, Error>,
        work: impl FnOnce(&Session) -> Result<T, KekError>,
    ) -> Result<T, KekError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let module = match &state.module {
            Some(module) => module.clone(),
            None => Pkcs11::new(&self.module).map_err(|error| self.failed(error))?,
        };
        state.module = Some(module.clone());
        let begin = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match module.initialize(begin) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(self.failed(error)),
        }
        let slot = self.slot(&module)?;
        let session = open(&module, slot).map_err(|error| self.failed(error))?;
        self.sign_in(&session, &mut state)?;
        work(&session)
    }

    fn slot(&self, module: &Pkcs11) -> Result<Slot, KekError> {
        let slots = module
            .get_slots_with_token()
            .map_err(|error| self.failed(error))?;
        let mut found = slots.into_iter().filter(|slot| {
            let info = module.get_token_info(*slot);
            info.is_ok_and(|info| info.label().trim_end() == self.label)
        });
        match (found.next(), found.next()) {
            (Some(slot), None) => Ok(slot),
            (None, _) => Err(KekError::unavailable(
                &self.kek,
                "there is no token of this label",
            )),
            (Some(_), Some(_)) => Err(self.unfit("there are several tokens of this label")),
        }
    }

    fn sign_in(&self, session: &Session, state: &mut State) -> Result<(), KekError> {
        let pin = self.pin()?;
        if state.refused_pin.as_ref() == Some(&pin) {
            return Err(KekError::denied(
                &self.kek,
                "the token has refused this PIN before",
            ));
        }
        match session.login(UserType::User, Some(&AuthPin::from(pin.as_str()))) {
            // Signing in counts for the process, and another part of it may have done so.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => {
                let failed = self.failed(error);
                if matches!(failed, KekError::Denied { .. }) {
                    state.refused_pin = Some(pin);
                }
                Err(failed)
            }
        }
    }

    fn pin(&self) -> Result<Zeroizing<String>, KekError> {
        let text = match &self.pin {
            PinSource::File(path) => private::text(path),
            PinSource::Variable(name) => KeyText::from_env(name).map_err(KekError::from),
        };
        match text {
            Ok(text) => Ok(Zeroizing::new(text.text()?.to_owned())),
            // Its hint would be to make a secret key.
            Err(KekError::File(SourceError::Missing { .. })) => {
                Err(self.unfit("the variable of its PIN is not set"))
            }
            Err(error) => Err(error),
        }
    }

    fn key(&self, session: &Session) -> Result<ObjectHandle, KekError> {
        let keys = self.keys(session)?;
        let [key] = keys.as_slice() else {
            return Err(self.unfit(if keys.is_empty() {
                "there is no AES key of this label in the token"
            } else {
                "there are several keys of this label in the token"
            }));
        };
        let extractable = session.get_attributes(*key, &[AttributeType::Extractable]);
        let extractable = extractable.map_err(|error| self.failed(error))?;
        match extractable.as_slice() {
            [Attribute::Extractable(false)] => Ok(*key),
            _ => Err(self.unfit("the key can be taken out of the token")),
        }
    }

    fn keys(&self, session: &Session) -> Result<Vec<ObjectHandle>, KekError> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(self.key_label.clone().into_bytes()),
        ];
        let found = session.find_objects(&template);
        found.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: Error) -> KekError {
        error::of(&self.kek, error)
    }

    fn unfit(&self, why: &'static str) -> KekError {
        KekError::unfit(&self.kek, why)
    }
}

/// A key on its way in or out, which is in the token as long as the session of one call.
fn transient() -> [Attribute; 5] {
    [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]
}
