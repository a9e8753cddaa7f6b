//! What the answers of a token mean.

use cryptoki::error::{Error, RvError};

use crate::kek::{KekError, KekId};

/// What a call that is about no wrapped bytes has failed for.
pub(super) fn of(kek: &KekId, error: Error) -> KekError {
    let Error::Pkcs11(answer, _) = &error else {
        return KekError::unavailable(kek, error);
    };
    match answer {
        RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinExpired
        | RvError::PinLocked
        | RvError::UserPinNotInitialized => KekError::denied(kek, error),
        RvError::MechanismInvalid | RvError::FunctionNotSupported => {
            KekError::unfit(kek, "the token has no AES key wrap")
        }
        RvError::KeyFunctionNotPermitted
        | RvError::KeyTypeInconsistent
        | RvError::KeySizeRange
        | RvError::UnwrappingKeyTypeInconsistent
        | RvError::UnwrappingKeySizeRange
        | RvError::WrappingKeyTypeInconsistent
        | RvError::WrappingKeySizeRange => {
            KekError::unfit(kek, "the key may not be used to wrap and unwrap")
        }
        RvError::TemplateInconsistent
        | RvError::TemplateIncomplete
        | RvError::AttributeValueInvalid
        | RvError::AttributeTypeInvalid
        | RvError::AttributeReadOnly
        | RvError::AttributeSensitive
        | RvError::KeyNotWrappable
        | RvError::KeyUnextractable => {
            KekError::unfit(kek, "the token does not give out what it unwraps")
        }
        _ => KekError::unavailable(kek, error),
    }
}

/// What unwrapping has failed for: tokens have several words for bytes that are not what this key
/// wrapped, and `SoftHSM` has the most general one.
pub(super) fn of_unwrapping(kek: &KekId, error: Error) -> KekError {
    match &error {
        Error::Pkcs11(
            RvError::GeneralError
            | RvError::FunctionFailed
            | RvError::DataInvalid
            | RvError::DataLenRange
            | RvError::EncryptedDataInvalid
            | RvError::EncryptedDataLenRange
            | RvError::WrappedKeyInvalid
            | RvError::WrappedKeyLenRange,
            _,
        ) => KekError::Corrupt,
        _ => of(kek, error),
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn only_what_is_about_the_bytes_is_corrupt_and_no_refusal_is_an_outage() {
        let kek = KekId::new("pkcs11:token=web;object=kek").unwrap();
        let answer = |answer| Error::Pkcs11(answer, Function::UnwrapKey);
        for general in [RvError::GeneralError, RvError::FunctionFailed] {
            assert!(of(&kek, answer(general)).is_unavailable());
            let unwrapping = of_unwrapping(&kek, answer(general));
            assert!(matches!(unwrapping, KekError::Corrupt), "{unwrapping}");
        }
        for away in [RvError::DeviceRemoved, RvError::TokenNotPresent] {
            assert!(of_unwrapping(&kek, answer(away)).is_unavailable());
        }
        for refusal in [RvError::PinIncorrect, RvError::PinLocked] {
            let error = of(&kek, answer(refusal));
            assert!(matches!(error, KekError::Denied { .. }), "{error}");
        }
    }
}
