#![doc = include_str!("../README.md")]

mod bell;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod columns;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]
mod connect;
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "redis"))]
mod repeat;
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]
mod ring;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "redis")]
pub use self::redis::{RedisOptions, RedisRepository, RedisStore};
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]
pub use connect::ConnectError;
pub use memory::MemoryStore;
#[cfg(feature = "mysql")]
pub use mysql::{MySqlRepository, MySqlStore};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresRepository, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteRepository, SqliteStore};
