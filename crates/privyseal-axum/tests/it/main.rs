//! The layer and the extractor: beside the real Flask, behind a real cache, and by themselves.

mod application;
mod behaviour;
mod caching;
mod flask_rules;
mod flask_sharing;
mod handlers;
mod refused;
