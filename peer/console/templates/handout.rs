#[repr(C)]
pub struct Request {
    size: u32,
    wanted: u32,
}

#[repr(C)]
pub struct Source {
    size: u32,
    flags: u32,
    source_id: u64,
    draw: u64,
    host: *const c_char,
    labels: *const c_char,
    completeness: f64,
    port: u32,
    load: u32,
}

#[repr(C)]
pub struct Operations {
    size: u32,
    rank: extern "C" fn(
        *mut Choice,
        *const Request,
        *const Source,
        usize,
        *mut f64,
        *mut c_char,
        usize,
    ) -> c_int,
}

/// The least busy sources are named first. Say here what yours does, and why.
#[derive(Default)]
pub struct Choice {}

/// Those of the lowest ranks are named, equal ones in random order.
extern "C" fn rank(
    _: *mut Choice,
    _: *const Request,
    sources: *const Source,
    count: usize,
    ranks: *mut f64,
    _: *mut c_char,
    _: usize,
) -> c_int {
    for i in 0..count {
        unsafe { *ranks.add(i) = at(sources, i).load as f64 };
    }
    OK
}

static OPERATIONS: Operations = Operations { size: size_of::<Operations>(), rank };

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static xfsbus_policy_descriptor: Descriptor<Operations, Choice> = descriptor(
    c!("handout"),
    c!("the least busy sources first"),
    &[],
    &OPERATIONS,
    create_default,
);
