//! Flask's session cookie.

mod date;
mod python_int;
pub mod tagged;
