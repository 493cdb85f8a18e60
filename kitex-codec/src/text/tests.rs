use super::*;

#[test]
fn a_text_is_as_small_as_shared_bytes() {
    assert_eq!(size_of::<Str>(), size_of::<Bytes>());
}

#[test]
fn every_length_comes_back() {
    for len in 0..100 {
        let text = "é".repeat(len);
        assert_eq!(Str::from(text.as_str()), text);
        assert_eq!(Str::from_utf8(Bytes::from(text.clone())).unwrap(), text);
        assert_eq!(Str::copy_from_utf8(text.as_bytes()).unwrap().detach(), text);
    }
}

#[test]
fn a_list_holds_what_was_read_and_drops_it_when_reading_fails() {
    let shared = Bytes::from(vec![b'x'; 100]);
    let read = |count: usize, readable: usize| {
        let mut left = readable;
        let quick = |left: &mut usize| {
            let short = (*left % 3 == 1).then(|| Words::short_ascii(b"abcdefghijklmnopqrstuvw-", 5))??;
            *left -= 1;
            Some(short)
        };
        let other = |left: &mut usize| {
            *left = left.checked_sub(1).ok_or(())?;
            Str::from_utf8(shared.clone()).map_err(drop)
        };
        list(count, &mut left, quick, other)
    };
    for count in 0..10 {
        let list = read(count, count).unwrap();
        assert_eq!((list.len(), list.capacity()), (count, count));
        let expected = |left: usize| if left % 3 == 1 { &b"abcde"[..] } else { &shared };
        assert!(list.iter().enumerate().all(|(at, text)| text.as_bytes() == expected(count - at)));
    }
    assert!(read(10, 9).is_err());
    assert!(shared.is_unique(), "nothing is left of a list that was not read");
}

#[test]
fn what_is_not_utf8_is_refused_at_every_length() {
    for len in 0..100 {
        let mut bytes = vec![b'a'; len];
        bytes.push(0xff);
        let error = Str::from_utf8(Bytes::from(bytes)).unwrap_err();
        assert_eq!(error.reason(), &DecodeReason::NotUtf8);
    }
}

#[test]
fn a_long_text_is_shared_and_a_detached_one_is_not() {
    let bytes = Bytes::from(vec![b'x'; 100]);
    let text = Str::from_utf8(bytes.clone()).unwrap();
    assert_eq!(text.as_bytes().as_ptr(), bytes.as_ptr());
    assert_eq!(text.clone().as_bytes().as_ptr(), bytes.as_ptr());
    assert_ne!(text.detach().as_bytes().as_ptr(), bytes.as_ptr());
}
