#[repr(C)]
pub struct Chunk {
    size: u32,
    chunk: u32,
    chunks: u32,
    copies: u32,
    sources: u32,
    bytes: u64,
}

#[repr(C)]
pub struct Operations {
    size: u32,
    rank: extern "C" fn(
        *mut Order,
        *const Chunk,
        usize,
        *mut f64,
        *mut Random,
        *mut c_char,
        usize,
    ) -> c_int,
}

/// The rarest chunk first. Say here what yours does, and why.
#[derive(Default)]
pub struct Order {}

/// The chunk with the lowest rank is asked for first.
extern "C" fn rank(
    _: *mut Order,
    chunks: *const Chunk,
    count: usize,
    ranks: *mut f64,
    _: *mut Random,
    _: *mut c_char,
    _: usize,
) -> c_int {
    for i in 0..count {
        unsafe { *ranks.add(i) = at(chunks, i).copies as f64 };
    }
    OK
}

static OPERATIONS: Operations = Operations { size: size_of::<Operations>(), rank };

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static xfsbus_policy_descriptor: Descriptor<Operations, Order> = descriptor(
    c!("chunk-order"),
    c!("the rarest chunk first"),
    &[],
    &OPERATIONS,
    create_default,
);
