//! Real database servers, as child processes that die with the test.

pub mod redis;
