use std::ffi::CStr;

const PURPOSES: u32 = 7;

#[repr(C)]
pub struct Request {
    size: u32,
    purpose: u32,
}

/// As far as it is used here: abi.h has more, which may be added in this order.
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
}

#[repr(C)]
pub struct Operations {
    size: u32,
    purposes: u32,
    pick: extern "C" fn(
        *mut Policy,
        *const Request,
        *const Source,
        usize,
        *mut Random,
        *mut c_char,
        usize,
    ) -> i64,
    cost: extern "C" fn(*mut Policy, *const Source, *mut f64, *mut c_char, usize) -> c_int,
}

/// The nearest source that is not too busy. Say here what yours does, and why.
pub struct Policy {
    weight: f64,
}

impl Policy {
    fn cost(&self, source: &Source) -> f64 {
        source.latency_ms + self.weight * source.load as f64
    }
}

unsafe fn text<'a>(text: *const c_char) -> &'a str {
    CStr::from_ptr(text).to_str().unwrap_or("")
}

extern "C" fn create(
    _: *const Services,
    parameters: *const Parameter,
    count: usize,
    error: *mut c_char,
    error_size: usize,
) -> *mut Policy {
    let mut policy = Policy { weight: 0.0 };
    for i in 0..count {
        let parameter = unsafe { at(parameters, i) };
        let (name, value) = unsafe { (text(parameter.name), text(parameter.value)) };
        match (name, value.parse()) {
            ("weight", Ok(weight)) => policy.weight = weight,
            _ => {
                let reason = b"weight is no number\0";
                let length = reason.len().min(error_size);
                unsafe { std::ptr::copy_nonoverlapping(reason.as_ptr(), error as *mut u8, length) };
                return std::ptr::null_mut();
            }
        }
    }
    Box::into_raw(Box::new(policy))
}

/// Which of these gets the next request. All of them could serve it now.
extern "C" fn pick(
    policy: *mut Policy,
    _: *const Request,
    sources: *const Source,
    count: usize,
    _: *mut Random,
    _: *mut c_char,
    _: usize,
) -> i64 {
    let policy = unsafe { &*policy };
    let cost = |i: &usize| policy.cost(unsafe { at(sources, *i) });
    (0..count).min_by(|a, b| cost(a).total_cmp(&cost(b))).map_or(-1, |i| i as i64)
}

/// What `find` shows and `--trace` records; lower is better.
extern "C" fn cost(
    policy: *mut Policy,
    source: *const Source,
    value: *mut f64,
    _: *mut c_char,
    _: usize,
) -> c_int {
    unsafe { *value = (*policy).cost(&*source) };
    OK
}

static PARAMETERS: [ParameterInfo; 1] = [ParameterInfo {
    size: size_of::<ParameterInfo>(),
    name: c!("weight"),
    default_value: c!("10"),
    description: c!("what one more transfer costs, in ms"),
}];

static OPERATIONS: Operations =
    Operations { size: size_of::<Operations>(), purposes: PURPOSES, pick, cost };

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static xfsbus_policy_descriptor: Descriptor<Operations, Policy> = descriptor(
    c!("peer-selection"),
    c!("the nearest source that is not too busy"),
    &PARAMETERS,
    &OPERATIONS,
    create,
);
