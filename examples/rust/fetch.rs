// Fetches a file from the bus in Rust, by the interface in C; no crate is needed.
//
//     rustc fetch.rs $(pkg-config --libs-only-L xfsbus-c) -l xfsbus_c
//     ./fetch TRACKER NAME DIRECTORY
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::ptr::{null, null_mut};

#[repr(C)]
struct Peer {
    _opaque: [u8; 0],
}

/// xfsbus_error
#[repr(C)]
struct Error {
    code: i32,
    message: [c_char; 1020],
}

/// The beginning of xfsbus_options: `size` says how much of it is here, and the rest is the default.
#[repr(C)]
struct Options {
    size: usize,
    tracker: *const c_char,
    host: *const c_char,
    directory: *const c_char,
    download_directory: *const c_char,
}

/// The beginning of xfsbus_download_request.
#[repr(C)]
struct DownloadRequest {
    size: usize,
    name: *const c_char,
}

/// The beginning of xfsbus_report, and of xfsbus_file.
#[repr(C)]
struct Report {
    size: usize,
    files_count: usize,
    files: *const *const File,
}

#[repr(C)]
struct File {
    size: usize,
    name: *const c_char,
    path: *const c_char,
}

#[link(name = "xfsbus_c")]
extern "C" {
    fn xfsbus_peer_start(options: *const Options, peer: *mut *mut Peer, error: *mut Error) -> c_int;
    fn xfsbus_peer_free(peer: *mut Peer);
    fn xfsbus_peer_wait_for_tracker(peer: *mut Peer, timeout_ms: i64, error: *mut Error) -> c_int;
    fn xfsbus_peer_download(
        peer: *mut Peer, request: *const DownloadRequest, timeout_ms: i64,
        report: *mut *const Report, error: *mut Error,
    ) -> c_int;
    fn xfsbus_report_free(report: *const Report);
}

/// Makes a call that fills in an error, and a Result of what it returns.
fn checked(call: impl FnOnce(*mut Error) -> c_int) -> Result<(), String> {
    let mut error = Error { code: 0, message: [0; 1020] };
    match call(&mut error) {
        0 => Ok(()),
        _ => Err(unsafe { CStr::from_ptr(error.message.as_ptr()) }.to_string_lossy().into_owned()),
    }
}

/// Fetches what has this name, and prints where it is.
fn fetch(peer: *mut Peer, name: &CString) -> Result<(), String> {
    checked(|error| unsafe { xfsbus_peer_wait_for_tracker(peer, 10_000, error) })?;
    let size = std::mem::size_of::<DownloadRequest>();
    let request = DownloadRequest { size, name: name.as_ptr() };
    let mut report: *const Report = null();
    let result = checked(|error| unsafe {
        xfsbus_peer_download(peer, &request, -1, &mut report, error)
    });
    if result.is_ok() {
        let files = unsafe { std::slice::from_raw_parts((*report).files, (*report).files_count) };
        for &file in files {
            println!("{}", unsafe { CStr::from_ptr((*file).path) }.to_string_lossy());
        }
    }
    unsafe { xfsbus_report_free(report) };
    result
}

fn run(arguments: &[CString]) -> Result<(), String> {
    let (tracker, name, directory) = match arguments {
        [tracker, name, directory] => (tracker, name, directory),
        _ => return Err("usage: fetch TRACKER NAME DIRECTORY".into()),
    };
    let options = Options {
        size: std::mem::size_of::<Options>(),
        tracker: tracker.as_ptr(),
        host: null(),
        directory: null(),
        download_directory: directory.as_ptr(),
    };
    let mut peer: *mut Peer = null_mut();
    checked(|error| unsafe { xfsbus_peer_start(&options, &mut peer, error) })?;
    let result = fetch(peer, name);
    unsafe { xfsbus_peer_free(peer) };
    result
}

fn main() -> ExitCode {
    let given = std::env::args_os().skip(1);
    let arguments: Vec<_> = given.map(|it| CString::new(it.into_vec()).unwrap()).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("fetch: {message}");
            ExitCode::FAILURE
        }
    }
}
