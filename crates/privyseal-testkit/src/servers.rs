//! Real database servers of a test's own: started on a free port, and gone when the test is.

pub mod instance;
pub mod mariadb;
pub mod nginx;
pub mod postgres;
pub mod redis;
