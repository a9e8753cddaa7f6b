#![doc = include_str!("../README.md")]

#[cfg(any(feature = "mysql", feature = "postgres"))]
mod connect;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;

#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use connect::ConnectError;
#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
