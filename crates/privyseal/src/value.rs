//! stub
#![allow(missing_docs)]
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Str(Text),
    List(Vec<Value>),
    Dict(Dict),
}
#[derive(Clone, Debug, PartialEq)]
pub struct Text(String);
impl Text {
    pub fn as_str(&self) -> Option<&str> {
        Some(&self.0)
    }
}
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Dict;
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::Str(Text(s.into()))
    }
}
