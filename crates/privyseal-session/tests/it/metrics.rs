//! Names of metrics, and what Prometheus reads.

#[cfg(feature = "prometheus")]
mod exposition;

use std::collections::HashSet;

use privyseal_session::metrics::{CallOutcome, Event, StoreCall};

#[test]
fn every_label_is_its_variant_in_snake_case() {
    fn check<T: std::fmt::Debug>(all: &[T], name: fn(&T) -> &'static str) {
        for label in all {
            assert_eq!(name(label), snake_case(&format!("{label:?}")));
        }
        let names: HashSet<_> = all.iter().map(name).collect();
        assert_eq!(names.len(), all.len());
    }
    check(Event::ALL, |event| event.name());
    check(StoreCall::ALL, |call| call.name());
    check(CallOutcome::ALL, |outcome| outcome.name());
}

fn snake_case(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
