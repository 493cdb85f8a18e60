//! Functions of the C library that are counted: the linker prefers those of this program, and what they do is asked of the
//! kernel directly.
//!
//! What is copied is what goes through `memcpy` and `memmove`. Copies of a few words, of which the compiler knows the size,
//! do not; all that moves text or the bytes of messages does, since their lengths are known only when they are there.
#![allow(unsafe_code)]

use std::ptr::null;

use libc::{
    SYS_epoll_pwait, SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_sendmsg, SYS_sendto, SYS_write,
    SYS_writev, c_int, c_void, epoll_event, iovec, msghdr, size_t, ssize_t, syscall,
};

use crate::counts;

/// Counts a system call and makes it, with the arguments as the kernel has them.
macro_rules! counted {
    ($count:path, $number:expr, $($argument:expr),+) => {{
        $count();
        // SAFETY: the caller's promises to the C library's function are those that the kernel asks for.
        unsafe { syscall($number, $($argument),+) as ssize_t }
    }};
}

#[unsafe(no_mangle)]
unsafe extern "C" fn read(file: c_int, to: *mut c_void, len: size_t) -> ssize_t {
    counted!(counts::read, SYS_read, file, to, len)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn readv(file: c_int, pieces: *const iovec, len: c_int) -> ssize_t {
    counted!(counts::read, SYS_readv, file, pieces, len)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn recv(socket: c_int, to: *mut c_void, len: size_t, flags: c_int) -> ssize_t {
    counted!(counts::read, SYS_recvfrom, socket, to, len, flags, null::<c_void>(), null::<c_void>())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn recvmsg(socket: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    counted!(counts::read, SYS_recvmsg, socket, message, flags)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(file: c_int, from: *const c_void, len: size_t) -> ssize_t {
    counted!(counts::written, SYS_write, file, from, len)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(file: c_int, pieces: *const iovec, len: c_int) -> ssize_t {
    counted!(counts::written, SYS_writev, file, pieces, len)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn send(socket: c_int, from: *const c_void, len: size_t, flags: c_int) -> ssize_t {
    counted!(counts::written, SYS_sendto, socket, from, len, flags, null::<c_void>(), 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sendmsg(socket: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
    counted!(counts::written, SYS_sendmsg, socket, message, flags)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_wait(poll: c_int, events: *mut epoll_event, most: c_int, timeout: c_int) -> c_int {
    counted!(counts::waited, SYS_epoll_pwait, poll, events, most, timeout, null::<c_void>(), 8) as c_int
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: size_t) -> *mut u8 {
    counts::copied(len);
    // SAFETY: the caller promises that both are `len` bytes long.
    unsafe { copy_up(to, from, len) };
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: size_t) -> *mut u8 {
    counts::copied(len);
    // SAFETY: the caller promises that both are `len` bytes long; no byte is written before it was read, since the copy
    // begins at the end that the two may share.
    unsafe {
        if to.cast_const() <= from {
            copy_up(to, from, len);
        } else {
            copy_down(to, from, len);
        }
    }
    to
}

/// Copies from the first byte on. Volatile, as the compiler would otherwise make this a call of `memcpy`.
///
/// # Safety
///
/// `from` can be read and `to` be written for `len` bytes; if they overlap, `to` does not lie behind `from`.
unsafe fn copy_up(to: *mut u8, from: *const u8, len: usize) {
    let mut at = 0;
    while at < len {
        // SAFETY: `at` is within what the caller promises.
        unsafe { to.add(at).write_volatile(from.add(at).read_volatile()) };
        at += 1;
    }
}

/// Copies from the last byte on.
///
/// # Safety
///
/// `from` can be read and `to` be written for `len` bytes; if they overlap, `from` does not lie behind `to`.
unsafe fn copy_down(to: *mut u8, from: *const u8, len: usize) {
    let mut at = len;
    while at > 0 {
        at -= 1;
        // SAFETY: `at` is within what the caller promises.
        unsafe { to.add(at).write_volatile(from.add(at).read_volatile()) };
    }
}
