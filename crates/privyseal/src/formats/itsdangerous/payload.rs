//! What stands before the signature: JSON, base64url, and zlib where it makes the token shorter.

use std::cell::RefCell;
use std::fmt;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::encoding::{self, Base64};
use crate::error::Kind;
use crate::formats::flask::tagged::TaggedError;
use crate::json::JsonError;

/// The most bytes that a compressed payload may inflate to, unless the settings say otherwise.
///
/// A cookie holds 4 KiB, so an honest session inflates to a few tens of KiB at the very most.
pub const DEFAULT_INFLATE_LIMIT: usize = 64 * 1024;

/// What is wrong with the payload of an authentic token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// The payload is not base64.
    Base64,
    /// The payload claims to be zlib data and is not.
    Zlib,
    /// The payload inflates to more bytes than the settings allow.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The payload is not JSON.
    Json(JsonError),
    /// The payload is not the tagged JSON of Flask.
    Tagged(TaggedError),
}

impl PayloadError {
    pub(crate) fn into_kind(self) -> Kind {
        match self {
            Self::Base64 => Kind::BadPayload("is not base64"),
            Self::Zlib => Kind::BadPayload("is not zlib data"),
            Self::TooLarge { limit } => Kind::TooLarge(limit),
            Self::Json(_) => Kind::BadPayload("is not JSON"),
            Self::Tagged(_) => Kind::BadPayload("is not tagged JSON"),
        }
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64 => {
                f.write_str("Could not base64 decode the payload because of an exception")
            }
            Self::Zlib => {
                f.write_str("Could not zlib decompress the payload before decoding the payload")
            }
            Self::TooLarge { limit } => {
                write!(f, "The payload inflates to more than {limit} bytes")
            }
            Self::Json(_) | Self::Tagged(_) => f.write_str(
                "Could not load the payload because an exception occurred on unserializing the \
                 data.",
            ),
        }
    }
}

impl std::error::Error for PayloadError {}

/// The JSON inside a URL-safe payload.
pub(crate) fn inflate(
    payload: &[u8],
    base64: Base64,
    limit: usize,
) -> Result<Vec<u8>, PayloadError> {
    match payload.strip_prefix(b".") {
        Some(compressed) => {
            let compressed = base64.decode(compressed).ok_or(PayloadError::Base64)?;
            decompress(&compressed, limit)
        }
        None => base64.decode(payload).ok_or(PayloadError::Base64),
    }
}

/// Inflates at most `limit` bytes; what stands behind the zlib stream is ignored, as Python does.
fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, PayloadError> {
    let mut state = Decompress::new(true);
    let guess = limit.min(compressed.len().saturating_mul(4));
    let mut out = Vec::with_capacity(guess.saturating_add(1));
    loop {
        let rest = usize::try_from(state.total_in())
            .ok()
            .and_then(|read| compressed.get(read..));
        let before = (state.total_in(), state.total_out());
        let status = state
            .decompress_vec(rest.unwrap_or_default(), &mut out, FlushDecompress::None)
            .map_err(|_| PayloadError::Zlib)?;
        if out.len() > limit {
            return Err(PayloadError::TooLarge { limit });
        }
        if status == Status::StreamEnd {
            return Ok(out);
        }
        if out.len() < out.capacity() && before == (state.total_in(), state.total_out()) {
            return Err(PayloadError::Zlib); // cut short: more input would be needed
        }
        if out.len() == out.capacity() {
            // One byte beyond the limit, to see that there is more.
            let room = limit.saturating_add(1).saturating_sub(out.len());
            out.reserve(out.len().min(room).max(1));
        }
    }
}

/// Appends the URL-safe payload of the JSON: compressed if that is shorter by two bytes or more.
pub(crate) fn write_payload(json: &[u8], token: &mut String) {
    match compress_if_shorter(json) {
        Some(compressed) => {
            token.push('.');
            encoding::encode_to(&compressed, token);
        }
        None => encoding::encode_to(json, token),
    }
}

/// The zlib data at level 6, where it is shorter than the JSON by two bytes or more.
fn compress_if_shorter(json: &[u8]) -> Option<Vec<u8>> {
    let limit = json.len().checked_sub(2)?;
    let mut out = Vec::with_capacity(limit);
    DEFLATE.with_borrow_mut(|state| {
        state.reset();
        // Data that does not fit into the limit does not win, so it is not even finished.
        let status = state
            .compress_vec(json, &mut out, FlushCompress::Finish)
            .ok()?;
        // A vector may have more room than was asked for.
        (status == Status::StreamEnd && out.len() <= limit).then_some(out)
    })
}

thread_local! {
    /// A fresh state for every session would make compressing it half as dear again.
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(6), true));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 64);
        Compress::new(Compression::new(6), true)
            .compress_vec(bytes, &mut out, FlushCompress::Finish)
            .unwrap();
        out
    }

    #[test]
    fn inflating_stops_at_the_limit() {
        for size in [0, 1, 100, 4096, 65_536] {
            let data = compressed(&vec![b'a'; size]);
            assert_eq!(decompress(&data, size).map(|out| out.len()), Ok(size));
            if let Some(below) = size.checked_sub(1) {
                assert_eq!(
                    decompress(&data, below),
                    Err(PayloadError::TooLarge { limit: below })
                );
            }
        }
    }

    #[test]
    fn the_highest_limit_is_none() {
        let data = compressed(&vec![b'a'; 200_000]);
        assert_eq!(
            decompress(&data, usize::MAX).map(|out| out.len()),
            Ok(200_000)
        );
    }

    #[test]
    fn a_bomb_is_refused_within_the_limit_a16() {
        let bomb = compressed(&vec![b'0'; 8 * 1024 * 1024]);
        assert!(bomb.len() < 16 * 1024);
        let refused = decompress(&bomb, DEFAULT_INFLATE_LIMIT);
        assert_eq!(
            refused,
            Err(PayloadError::TooLarge {
                limit: DEFAULT_INFLATE_LIMIT
            })
        );
    }

    #[test]
    fn damaged_streams_are_refused_and_trailing_bytes_ignored() {
        let mut data = compressed(b"some text, some text, some text");
        assert_eq!(
            decompress(&data[..data.len() - 1], 1000),
            Err(PayloadError::Zlib)
        );
        assert_eq!(decompress(b"", 1000), Err(PayloadError::Zlib));
        data.extend(b"trailing");
        assert!(decompress(&data, 1000).is_ok());
        data[5] ^= 1;
        assert_eq!(decompress(&data, 1000), Err(PayloadError::Zlib));
    }

    #[test]
    fn compression_is_used_where_it_wins_by_two_bytes() {
        let mut edges = Vec::new();
        for length in 0..40 {
            let json = vec![b'a'; length];
            let shorter_by = length.checked_sub(compressed(&json).len());
            let mut token = String::new();
            write_payload(&json, &mut token);
            let wins = shorter_by.is_some_and(|bytes| bytes >= 2);
            assert_eq!(token.starts_with('.'), wins, "{length} bytes");
            edges.extend(shorter_by.filter(|bytes| (1..=2).contains(bytes)));
        }
        assert!(edges.contains(&1) && edges.contains(&2), "{edges:?}");
    }
}
