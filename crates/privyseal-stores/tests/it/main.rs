//! Tests of the stores against real servers.

#![cfg(feature = "conformance")]

mod memory;
