//! How long whole runs take, from start to exit, beside the system's own `ping -c1` on loopback where it is installed:
//! read the ratio, not the time.

use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};

const NETLAB: &str = env!("CARGO_BIN_EXE_netlab");

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .env("NETLAB_NO_LAST", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn startup(criterion: &mut Criterion) {
    let runs: [(&str, &str, &[&str]); 5] = [
        ("netlab --version", NETLAB, &["--version"]),
        ("netlab field ip.ttl", NETLAB, &["field", "ip.ttl"]),
        ("netlab lab -- true", NETLAB, &["lab", "--", "true"]),
        ("netlab --lab ping -c1 (one hop)", NETLAB, &["--lab", "ping", "-c1", "192.168.11.1"]),
        ("ping -c1 127.0.0.1", "ping", &["-c1", "127.0.0.1"]),
    ];
    let mut group = criterion.benchmark_group("startup");
    group.sample_size(20);
    for (name, program, arguments) in runs {
        if run(program, arguments) {
            group.bench_function(name, |bencher| bencher.iter(|| run(program, arguments)));
        } else {
            eprintln!("skipped: `{name}` does not run here");
        }
    }
    group.finish();
}

criterion_group!(benches, startup);
criterion_main!(benches);
