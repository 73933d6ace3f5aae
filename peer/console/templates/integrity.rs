const LANES: usize = 4;
const BASIS: [u64; LANES] =
    [0xcbf29ce484222325, 0x84222325cbf29ce4, 0x22325cbf29ce4842, 0x325cbf29ce484222];

#[repr(C)]
pub struct Operations {
    size: u32,
    digest_size: extern "C" fn(*mut Hash) -> u32,
    update: extern "C" fn(*mut Hash, *const u8, usize, *mut c_char, usize) -> c_int,
    finish: extern "C" fn(*mut Hash, *mut u8, *mut c_char, usize) -> c_int,
}

/// FNV-1a in four lanes: it shows how a hash is plugged in, and protects from nobody who wants to
/// deceive. Put a library's in its place.
pub struct Hash {
    lanes: [u64; LANES],
}

impl Default for Hash {
    fn default() -> Self {
        Hash { lanes: BASIS }
    }
}

extern "C" fn digest_size(_: *mut Hash) -> u32 {
    (LANES * 8) as u32
}

extern "C" fn update(
    hash: *mut Hash,
    data: *const u8,
    size: usize,
    _: *mut c_char,
    _: usize,
) -> c_int {
    if size > 0 {
        for byte in unsafe { std::slice::from_raw_parts(data, size) } {
            for lane in unsafe { (*hash).lanes.iter_mut() } {
                *lane = (*lane ^ *byte as u64).wrapping_mul(0x100000001b3);
            }
        }
    }
    OK
}

/// The object is then ready for the next message.
extern "C" fn finish(hash: *mut Hash, digest: *mut u8, _: *mut c_char, _: usize) -> c_int {
    for (i, lane) in unsafe { (*hash).lanes }.iter().enumerate() {
        let bytes = lane.to_le_bytes();
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), digest.add(i * 8), 8) };
    }
    unsafe { (*hash).lanes = BASIS };
    OK
}

static OPERATIONS: Operations =
    Operations { size: size_of::<Operations>(), digest_size, update, finish };

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static xfsbus_policy_descriptor: Descriptor<Operations, Hash> = descriptor(
    c!("integrity"),
    c!("FNV-1a; an example, not to be trusted"),
    &[],
    &OPERATIONS,
    create_default,
);
