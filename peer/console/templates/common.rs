// All that a plug-in may know and do stands in xfsbus/policies/abi.h, of which the structs below are
// as much as this one needs.
#![allow(dead_code)]

use std::os::raw::{c_char, c_int, c_void};

macro_rules! c {
    ($text:literal) => {
        concat!($text, "\0").as_ptr() as *const c_char
    };
}

const OK: c_int = 0;
const MAGIC: u32 = 0x58465350;
const ABI: u32 = 2;

/// What create is given; a plug-in that wants a log, the time, or state that all its objects share
/// takes the members of xfsbus_services.
#[repr(C)]
pub struct Services {
    size: u32,
}

#[repr(C)]
pub struct Parameter {
    size: u32,
    name: *const c_char,
    value: *const c_char,
}

#[repr(C)]
pub struct ParameterInfo {
    size: u32,
    name: *const c_char,
    default_value: *const c_char,
    description: *const c_char,
}

unsafe impl Sync for ParameterInfo {}

/// Numbers that are the same for the same seed: the only ones to be used.
#[repr(C)]
pub struct Random {
    size: u32,
    state: *mut c_void,
    next: extern "C" fn(*mut c_void) -> u64,
}

type Create<Object> =
    extern "C" fn(*const Services, *const Parameter, usize, *mut c_char, usize) -> *mut Object;

#[repr(C)]
pub struct Descriptor<Operations: 'static, Object> {
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
    create: Create<Object>,
    destroy: extern "C" fn(*mut Object),
}

unsafe impl<Operations, Object> Sync for Descriptor<Operations, Object> {}

const fn size_of<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// The elements of an array are as far apart as the first one says.
unsafe fn at<'a, T>(first: *const T, index: usize) -> &'a T {
    let size = *(first as *const u32) as usize;
    &*((first as *const u8).add(index * size) as *const T)
}

extern "C" fn destroy<Object>(object: *mut Object) {
    unsafe { drop(Box::from_raw(object)) }
}

/// What the host reads of a plug-in, which exports it as xfsbus_policy_descriptor.
const fn descriptor<Operations, Object>(
    kind: *const c_char,
    description: *const c_char,
    parameters: &'static [ParameterInfo],
    operations: &'static Operations,
    create: Create<Object>,
) -> Descriptor<Operations, Object> {
    Descriptor {
        size: size_of::<Descriptor<Operations, Object>>(),
        magic: MAGIC,
        abi_version: ABI,
        parameter_count: parameters.len() as u32,
        kind,
        name: c!("@NAME@"),
        version: c!("0.1"),
        description,
        parameters: if parameters.is_empty() { std::ptr::null() } else { parameters.as_ptr() },
        operations,
        create,
        destroy,
    }
}

/// For objects that take no parameters.
extern "C" fn create_default<Object: Default>(
    _: *const Services,
    _: *const Parameter,
    _: usize,
    _: *mut c_char,
    _: usize,
) -> *mut Object {
    Box::into_raw(Box::new(Object::default()))
}

