#![doc = include_str!("../README.md")]

mod configuration;
mod failure;
mod kek;
mod name;
mod repository;
mod value;

pub use aws_config::SdkConfig;
pub use configuration::configuration;
pub use kek::KmsKek;
pub use name::{SecretName, SecretNameError};
pub use repository::SecretsManagerRepository;
