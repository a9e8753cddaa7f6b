//! A node of an application, for the tests that need several processes.

fn main() -> anyhow::Result<()> {
    privyseal_system_tests::node::serve()
}
