// The same in Rust, which reads no header: the structs of ABI 2 as they were when it was new. What it
// does is said in abi_plugin_test.cpp.
#![allow(dead_code)]

use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! c {
    ($text:literal) => {
        concat!($text, "\0").as_ptr() as *const c_char
    };
}

const OK: c_int = 0;
const NONE: i64 = -1;
const FAILED: i64 = -2;
const PURPOSE_RANK: u32 = 3;
const PURPOSES: u32 = 4;

#[repr(C)]
pub struct ParameterInfo {
    size: u32,
    name: *const c_char,
    default_value: *const c_char,
    description: *const c_char,
}

#[repr(C)]
pub struct Parameter {
    size: u32,
    name: *const c_char,
    value: *const c_char,
}

#[repr(C)]
pub struct Random {
    size: u32,
    state: *mut c_void,
    next: extern "C" fn(*mut c_void) -> u64,
}

#[repr(C)]
pub struct Services {
    size: u32,
    host: *mut c_void,
    log: extern "C" fn(*mut c_void, *const c_char),
    now_us: extern "C" fn(*mut c_void) -> u64,
    shared: extern "C" fn(
        *mut c_void,
        extern "C" fn() -> *mut c_void,
        extern "C" fn(*mut c_void),
    ) -> *mut c_void,
    labels: *const c_char,
}

#[repr(C)]
pub struct Request {
    size: u32,
    purpose: u32,
    now_us: u64,
    transfer: u64,
    file_bytes: u64,
    bytes: u64,
    left_bytes: u64,
    outstanding_bytes: u64,
    outstanding_most: u64,
    chunk: u32,
    copies: u32,
    places: u32,
    places_used: u32,
}

#[repr(C)]
pub struct Source {
    size: u32,
    flags: u32,
    source_id: u64,
    endpoint: *const c_char,
    labels: *const c_char,
    latency_ms: f64,
    rate_bytes_per_s: f64,
    completeness: f64,
    outstanding_bytes: u64,
    window_bytes: u64,
    delivered_bytes: u64,
    duplicate_bytes: u64,
    in_use_us: u64,
    silent_us: u64,
    requests: u32,
    load: u32,
    failures: u32,
    failures_in_a_row: u32,
}

#[repr(C)]
pub struct Outcome {
    size: u32,
    reason: u32,
    transfer: u64,
    bytes: u64,
    elapsed_us: u64,
    queued_bytes: u64,
    queued: u32,
    chunk: u32,
}

type Pick = extern "C" fn(
    *mut Policy,
    *const Request,
    *const Source,
    usize,
    *mut Random,
    *mut c_char,
    usize,
) -> i64;
type Cost = extern "C" fn(*mut Policy, *const Source, *mut f64, *mut c_char, usize) -> c_int;
type Observe =
    extern "C" fn(*mut Policy, *const Source, *const Outcome, *mut c_char, usize) -> c_int;

#[repr(C)]
pub struct Operations {
    size: u32,
    purposes: u32,
    pick: Pick,
    cost: Cost,
    observe: Observe,
}

#[repr(C)]
pub struct Descriptor {
    size: u32,
    magic: u32,
    abi_version: u32,
    parameter_count: u32,
    kind: *const c_char,
    name: *const c_char,
    version: *const c_char,
    description: *const c_char,
    parameters: *const ParameterInfo,
    operations: *const Operations,
    create: extern "C" fn(
        *const Services,
        *const Parameter,
        usize,
        *mut c_char,
        usize,
    ) -> *mut Policy,
    destroy: extern "C" fn(*mut Policy),
}

unsafe impl Sync for ParameterInfo {}
unsafe impl Sync for Descriptor {}

pub struct Policy {
    services: *const Services,
    load_most: u32,
}

/// The elements of an array are as far apart as the first one says.
unsafe fn at<'a, T>(first: *const T, index: usize) -> &'a T {
    let size = *(first as *const u32) as usize;
    &*((first as *const u8).add(index * size) as *const T)
}

unsafe fn text<'a>(text: *const c_char) -> &'a str {
    CStr::from_ptr(text).to_str().unwrap_or("")
}

fn say(services: &Services, line: String) {
    if let Ok(line) = CString::new(line) {
        (services.log)(services.host, line.as_ptr());
    }
}

unsafe fn explain(error: *mut c_char, size: usize, reason: *const c_char) {
    let bytes = CStr::from_ptr(reason).to_bytes_with_nul();
    if bytes.len() <= size {
        std::ptr::copy_nonoverlapping(bytes.as_ptr() as *const c_char, error, bytes.len());
    }
}

extern "C" fn make_shared() -> *mut c_void {
    Box::into_raw(Box::new(AtomicU64::new(0))) as *mut c_void
}

extern "C" fn destroy_shared(state: *mut c_void) {
    unsafe { drop(Box::from_raw(state as *mut AtomicU64)) }
}

extern "C" fn create(
    services: *const Services,
    parameters: *const Parameter,
    count: usize,
    error: *mut c_char,
    error_size: usize,
) -> *mut Policy {
    unsafe {
        let mut policy = Policy { services, load_most: 0 };
        for i in 0..count {
            let parameter = at(parameters, i);
            if text(parameter.name) == "load_most" {
                policy.load_most = text(parameter.value).parse().unwrap_or(0);
            }
        }
        if policy.load_most == 0 {
            explain(error, error_size, c!("load_most is 0"));
            return std::ptr::null_mut();
        }
        let services = &*services;
        let shared = (services.shared)(services.host, make_shared, destroy_shared);
        let before = (*(shared as *const AtomicU64)).fetch_add(1, Ordering::Relaxed);
        say(services, format!("object {}", before + 1));
        say(services, text(services.labels).to_string());
        Box::into_raw(Box::new(policy))
    }
}

extern "C" fn destroy(policy: *mut Policy) {
    unsafe { drop(Box::from_raw(policy)) }
}

extern "C" fn pick(
    policy: *mut Policy,
    request: *const Request,
    sources: *const Source,
    count: usize,
    random: *mut Random,
    error: *mut c_char,
    error_size: usize,
) -> i64 {
    unsafe {
        if (*request).bytes == 0 {
            explain(error, error_size, c!("nothing is asked for"));
            return FAILED;
        }
        if (*request).purpose == PURPOSE_RANK {
            return (((*random).next)((*random).state) % count as u64) as i64;
        }
        let mut least = (*policy).load_most;
        let mut best = NONE;
        for i in 0..count {
            let source = at(sources, i);
            if source.load < least {
                least = source.load;
                best = i as i64;
            }
        }
        best
    }
}

extern "C" fn cost(
    _: *mut Policy,
    source: *const Source,
    value: *mut f64,
    _: *mut c_char,
    _: usize,
) -> c_int {
    unsafe {
        let s = &*source;
        *value = s.flags as f64
            + s.source_id as f64 * 2.0
            + text(s.endpoint).len() as f64 * 3.0
            + text(s.labels).len() as f64 * 5.0
            + s.latency_ms * 7.0
            + s.rate_bytes_per_s * 11.0
            + s.completeness * 13.0
            + s.outstanding_bytes as f64 * 17.0
            + s.window_bytes as f64 * 19.0
            + s.delivered_bytes as f64 * 23.0
            + s.duplicate_bytes as f64 * 29.0
            + s.in_use_us as f64 * 31.0
            + s.silent_us as f64 * 37.0
            + s.requests as f64 * 41.0
            + s.load as f64 * 43.0
            + s.failures as f64 * 47.0
            + s.failures_in_a_row as f64 * 53.0;
    }
    OK
}

extern "C" fn observe(
    policy: *mut Policy,
    _: *const Source,
    outcome: *const Outcome,
    _: *mut c_char,
    _: usize,
) -> c_int {
    unsafe {
        let services = &*(*policy).services;
        let o = &*outcome;
        let sum = o.reason as u64
            + o.transfer * 2
            + o.bytes * 3
            + o.elapsed_us * 5
            + o.queued_bytes * 7
            + o.queued as u64 * 11
            + o.chunk as u64 * 13;
        say(services, format!("outcome {sum}"));
        say(services, format!("at {}", (services.now_us)(services.host)));
    }
    OK
}

static PARAMETERS: [ParameterInfo; 1] = [ParameterInfo {
    size: std::mem::size_of::<ParameterInfo>() as u32,
    name: c!("load_most"),
    default_value: c!("100"),
    description: c!("a source with as much load is not asked"),
}];

static OPERATIONS: Operations = Operations {
    size: std::mem::size_of::<Operations>() as u32,
    purposes: PURPOSES,
    pick,
    cost,
    observe,
};

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static xfsbus_policy_descriptor: Descriptor = Descriptor {
    size: std::mem::size_of::<Descriptor>() as u32,
    magic: 0x58465350,
    abi_version: 2,
    parameter_count: 1,
    kind: c!("peer-selection"),
    name: c!("abi-2"),
    version: c!("2.0"),
    description: c!("keeps ABI 2 as it was"),
    parameters: PARAMETERS.as_ptr(),
    operations: &OPERATIONS,
    create,
    destroy,
};
