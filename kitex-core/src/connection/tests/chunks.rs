//! The same calls, however the wire cuts their bytes.

use kitex_codec::{BytesMut, Form};

use super::raw::{Asking, FORMS, Fed, HI, SAID, framed, headed, in_form, message};
use super::*;

#[test]
fn a_request_is_taken_when_its_last_byte_comes_wherever_it_was_cut() {
    for form in FORMS {
        let bytes = in_form(form, 1, &message(1, "Echo", 1, HI));
        for cut in 1..bytes.len() {
            let mut fed = Fed::new();
            assert!(fed.feed(&bytes[..cut]).unwrap().is_none(), "{form:?} {cut}");
            assert!(!fed.server.is_idle(), "{form:?} {cut}");
            let request = fed.feed(&bytes[cut..]).unwrap().unwrap();
            assert_eq!(text(&request.request), "hi");
            assert!(fed.input.is_empty());
        }
    }
}

#[test]
fn a_request_behind_a_mesh_header_too() {
    let mesh = b"\xff\xaf\0\x12\0\x01\0\x03rip\0\x091.2.3.4:5";
    for inner in [message(1, "Echo", 1, HI), framed(&message(1, "Echo", 1, HI))] {
        let bytes = [&mesh[..], &inner].concat();
        for cut in 0..bytes.len() {
            let mut fed = Fed::new();
            assert!(fed.feed(&bytes[..cut]).unwrap().is_none(), "{cut}");
            assert!(fed.feed(&bytes[cut..]).unwrap().is_some(), "{cut}");
        }
    }
}

#[test]
fn an_answer_is_taken_when_its_last_byte_comes_wherever_it_was_cut() {
    for form in FORMS {
        let bytes = in_form(form, 1, &message(2, "Echo", 1, SAID));
        for cut in 1..bytes.len() {
            let mut asking = Asking::over(form);
            asking.call(ECHO, 7);
            assert!(asking.feed(&bytes[..cut]).unwrap().is_none(), "{form:?} {cut}");
            let (token, result) = asking.feed(&bytes[cut..]).unwrap().unwrap();
            assert_eq!((token, result_text(&result.unwrap())), (7, "hi".into()));
            assert!(asking.client.is_reusable(asking.input.len()));
        }
    }
}

#[test]
fn calls_survive_every_size_of_pieces() {
    for form in FORMS {
        for step in 1..64 {
            let mut pair = Pair::new(form);
            pair.step = step;
            for said in ["one", "a longer second", ""] {
                pair.call(ECHO, said);
                pair.flow();
                pair.echo();
                pair.flow();
                assert_eq!(pair.values().pop().unwrap().1, said, "{form:?} {step}");
            }
        }
    }
}

#[test]
fn multiplexed_calls_survive_every_size_of_pieces() {
    for step in 1..200 {
        let mut pair = Pair::mux();
        pair.step = step;
        for said in ["a", "bb", "ccc"] {
            pair.call(ECHO, said);
        }
        pair.flow();
        for _ in 0..3 {
            pair.echo();
        }
        pair.flow();
        let expected: Vec<_> = (0..).zip(["a", "bb", "ccc"].map(String::from)).collect();
        assert_eq!(pair.values(), expected, "{step}");
    }
}

#[test]
fn many_messages_in_one_piece_are_all_taken() {
    let mut fed = Fed::new();
    let all: Vec<u8> = (1..=500).flat_map(|n| headed(1, n, &[], &message(1, "Echo", n, HI))).collect();
    let mut request = fed.feed(&all).unwrap();
    let mut taken = 0;
    while request.is_some() {
        taken += 1;
        request = fed.next().unwrap();
    }
    assert_eq!((taken, fed.server.in_flight()), (500, 500));
}

/// A cheap source of numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Calls, answers, cancels and pieces in any order: a call gets its own answer once, or none if it was cancelled.
#[test]
fn no_schedule_of_calls_answers_cancels_and_pieces_mixes_answers_up() {
    for seed in 1..=200 {
        let mut dice = Dice(seed);
        let mut pair = Pair::mux();
        let mut open = Vec::new();
        let mut cancelled = Vec::new();
        let mut made = 0_u32;
        for _ in 0..400 {
            pair.step = 1 + dice.below(90);
            match dice.below(6) {
                0 | 1 => {
                    let call = pair.call(ECHO, &made.to_string()).unwrap();
                    open.push((made, call));
                    made += 1;
                }
                2 if !pair.requests.is_empty() => {
                    let at = dice.below(pair.requests.len());
                    let said = text(&pair.requests[at].request);
                    pair.answer(at, Ok(value(&said)));
                }
                3 if !open.is_empty() && dice.below(4) == 0 => {
                    let (token, call) = open.swap_remove(dice.below(open.len()));
                    let gone = pair.client.cancel(call);
                    cancelled.extend(gone.inspect(|gone| assert_eq!(*gone, token)));
                }
                4 => drop(pair.flow_up().unwrap()),
                _ => drop(pair.flow_down().unwrap()),
            }
        }
        pair.step = usize::MAX;
        pair.flow();
        while !pair.requests.is_empty() {
            pair.echo();
        }
        pair.flow();
        let mut ended = cancelled.clone();
        for (token, said) in pair.values() {
            assert_eq!(said, token.to_string());
            ended.push(token);
        }
        ended.sort_unstable();
        assert_eq!(ended, (0..made).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(pair.client.dropped_answers() as usize, cancelled.len(), "seed {seed}");
        assert!(pair.server.is_idle());
    }
}

#[test]
fn a_large_value_costs_one_walk_however_small_its_pieces_are() {
    // A Buffered message has no length: it is walked, and must not be walked again for every piece.
    let args = [&b"\x0f\0\x01\x0b\0\0\x40\0"[..], &b"\0\0\0\x01x".repeat(0x4000), b"\0"].concat();
    let bytes = in_form(Form::Buffered, 1, &message(1, "Echo", 1, &args));
    let mut fed = Fed::new();
    let (last, all_but_last) = bytes.split_last().unwrap();
    for piece in all_but_last.chunks(7) {
        assert!(fed.feed(piece).unwrap().is_none());
    }
    let request = fed.feed(&[*last]).unwrap().unwrap();
    assert_eq!(request.request.body.message().unwrap().len(), args.len());
}

#[test]
fn what_the_server_has_not_taken_stays_in_the_input() {
    let mut fed = Fed::new();
    let one = in_form(Form::Framed, 1, &message(1, "Echo", 1, HI));
    let request = fed.feed(&[&one[..], &one[..5]].concat()).unwrap().unwrap();
    assert_eq!(fed.input, BytesMut::from(&one[..5]));
    assert!(fed.next().unwrap().is_none());
    fed.reply(&request, Ok(value("hi")));
    assert!(fed.feed(&one[5..]).unwrap().is_some());
}
