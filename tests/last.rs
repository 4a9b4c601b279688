//! The capture that every run leaves behind for `netlab explain`: the same frames as with `--save`, the user's own file,
//! whole whatever happens to the run.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netlab::capture::{Reader, Record};
use support::{is_root, netlab, require_lab, scratch};

const USER: u32 = 65534;

/// The binary with its state below `state`.
fn kept<const N: usize>(state: &Path, arguments: [&str; N]) -> Command {
    let mut command = netlab(arguments);
    command.env_remove("NETLAB_NO_LAST").env("XDG_STATE_HOME", state).stdout(Stdio::null());
    command
}

fn last(state: &Path) -> PathBuf {
    state.join("netlab/last.pcapng")
}

/// The frames of a capture, which must be whole.
fn frames(path: &Path) -> Vec<netlab::model::Frame> {
    let records: Vec<Record> = Reader::open(path).expect("a capture").collect::<Result<_, _>>().expect("whole");
    records.into_iter().map(|record| record.frame).collect()
}

fn wait_for(child: &mut Child, ready: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !ready() {
        assert!(Instant::now() < deadline && child.try_wait().expect("a child").is_none(), "it never came to that");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_probing_command_leaves_what_it_would_have_saved() {
    if !require_lab() {
        return;
    }
    let folder = scratch("last");
    let saved = folder.join("saved.pcapng");
    let path = saved.to_str().expect("UTF-8");
    for arguments in [
        &["ping", "-c2", "-i0.1", "192.168.11.1"][..],
        &["arp", "192.168.11.0/24"],
        &["arp", "-D", "192.168.11.77"],
        &["trace", "www.example.com"],
        &["handshake", "www.example.com:80"],
    ] {
        let mut command = kept(&folder, ["--lab", "--save", path]);
        assert!(command.args(arguments).output().expect("runs").status.success(), "{arguments:?}");
        let found = frames(&last(&folder));
        assert!(found.len() > 1 && found == frames(&saved), "{arguments:?}");
        let names: Vec<_> = fs::read_dir(folder.join("netlab")).expect("a folder").flatten().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }
    let modes = [folder.join("netlab"), last(&folder)].map(|path| fs::metadata(path).expect("there").permissions());
    assert_eq!(modes.map(|mode| mode.mode() & 0o777), [0o700, 0o600]);
    // What cannot run leaves the run before.
    let before = fs::read(last(&folder)).expect("there");
    let mut wrong = kept(&folder, ["--lab", "ping", "no-such-name.example"]);
    assert_eq!(wrong.output().expect("runs").status.code(), Some(2));
    let mut unwanted = kept(&folder, ["--lab", "ping", "-c1", "192.168.11.1"]);
    assert!(unwanted.env("NETLAB_NO_LAST", "1").status().expect("runs").success());
    assert_eq!(fs::read(last(&folder)).expect("there"), before);
}

#[test]
fn it_is_whole_while_the_run_goes_on_and_after_a_kill() {
    if !require_lab() {
        return;
    }
    let folder = scratch("killed");
    let mut child = kept(&folder, ["--lab", "ping", "-c1000", "-i0.05", "192.168.11.1"]).spawn().expect("runs");
    // The kernel may stop between two pages of memory: then, rarely, the last frame is not whole.
    let count = || Reader::open(&last(&folder)).map_or(0, |reader| reader.flatten().count());
    wait_for(&mut child, || count() > 10);
    child.kill().expect("killed");
    child.wait().expect("dead");
    assert!(count() > 10);
}

#[test]
fn runs_at_the_same_time_leave_the_whole_of_one() {
    if !require_lab() {
        return;
    }
    let folder = scratch("together");
    let sizes: Vec<String> = (0..4).map(|number| format!("-s{}", 60 + number)).collect();
    let start =
        |size: &String| kept(&folder, ["--lab", "ping", "-c5", "-i0.02", size, "192.168.11.1"]).spawn().expect("runs");
    let children: Vec<Child> = sizes.iter().map(start).collect();
    for mut child in children {
        assert!(child.wait().expect("ends").success());
    }
    let found = frames(&last(&folder));
    let echoes: Vec<usize> = found.iter().map(|frame| frame.bytes.len()).filter(|length| *length > 60).collect();
    assert!(echoes.len() == 10 && echoes.iter().all(|length| *length == echoes[0]), "{echoes:?}");
}

#[test]
fn under_sudo_it_is_the_file_of_the_user_who_called() {
    if !is_root() || !require_lab() {
        return;
    }
    let folder = scratch("sudo");
    let mut command = kept(&folder, ["--lab", "ping", "-c1", "192.168.11.1"]);
    command.env("SUDO_UID", USER.to_string()).env("SUDO_GID", USER.to_string());
    let output = command.output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let owner = fs::metadata(last(&folder)).expect("there");
    assert_eq!((owner.uid(), owner.gid()), (USER, USER));
    // What its owner may not write is not written for them.
    fs::remove_dir_all(&folder).expect("removed");
    fs::create_dir(&folder).expect("made again");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("permissions");
    assert!(command.output().expect("runs").status.success());
    assert!(!folder.join("netlab").exists());
}
