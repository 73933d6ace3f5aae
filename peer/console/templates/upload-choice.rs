#[repr(C)]
pub struct Request {
    size: u32,
    places: u32,
    now_us: u64,
}

#[repr(C)]
pub struct Sink {
    size: u32,
    copies: u32,
    sink_id: u64,
    draw: u64,
    content: u64,
    bytes: u64,
    share_bytes: u64,
    waits_us: u64,
    served_us: u64,
    host: *const c_char,
    delivers_bytes_per_s: f64,
}

#[repr(C)]
pub struct Operations {
    size: u32,
    rank: extern "C" fn(
        *mut Choice,
        *const Request,
        *const Sink,
        usize,
        *mut f64,
        *mut c_char,
        usize,
    ) -> c_int,
}

/// Who gives us something is served before who does not, else whoever was sent least. Say here what
/// yours does, and why.
#[derive(Default)]
pub struct Choice {}

/// The one of the lowest rank is sent a chunk, of equals the one that was sent least.
extern "C" fn rank(
    _: *mut Choice,
    _: *const Request,
    sinks: *const Sink,
    count: usize,
    ranks: *mut f64,
    _: *mut c_char,
    _: usize,
) -> c_int {
    for i in 0..count {
        unsafe { *ranks.add(i) = if at(sinks, i).delivers_bytes_per_s > 0.0 { 0.0 } else { 1.0 } };
    }
    OK
}

static OPERATIONS: Operations = Operations { size: size_of::<Operations>(), rank };

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static xfsbus_policy_descriptor: Descriptor<Operations, Choice> = descriptor(
    c!("upload-choice"),
    c!("who gives something is served first"),
    &[],
    &OPERATIONS,
    create_default,
);
