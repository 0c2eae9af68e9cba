import socket
import sys
import unittest

from steppe_runtime.io.frames import (
    MAX_FRAME_BYTES,
    ConnectionClosed,
    FrameConnection,
    FrameTooLarge,
    encode_frame,
    encode_json,
)


class FramesTest(unittest.TestCase):
    def setUp(self):
        self.near, self.far = socket.socketpair()
        self.connection = FrameConnection(self.near)
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)

    def test_frames_split_anywhere_are_joined(self):
        data = encode_frame({"a": "é"}) + encode_frame({"b": 2})
        received = []
        for byte in data:
            self.far.sendall(bytes([byte]))
            received += self.connection.receive()
        self.assertEqual(received, [{"a": "é"}, {"b": 2}])

    def test_a_frame_that_waits_goes_out_before_the_next(self):
        self.connection.send({"n": 1}, with_next=True)
        self.connection.send({"n": 2})
        self.assertEqual(list(FrameConnection(self.far).receive()), [{"n": 1}, {"n": 2}])

    def test_lone_surrogates_are_replaced_and_pairs_are_one_character(self):
        self.assertEqual(
            encode_frame({"t": "a\udc80b\ud800", "p": "\ud83d\ude00"})[4:].decode(),
            '{"t":"a\ufffdb\ufffd","p":"\U0001f600"}',
        )

    def test_a_bundle_is_a_second_line(self):
        self.assertEqual(
            encode_frame({"a": "\n"}, '{"t/p":"é"}')[4:].decode(), '{"a":"\\n"}\n{"t/p":"é"}'
        )
        with self.assertRaises(FrameTooLarge):
            encode_frame({"a": 1}, "x" * MAX_FRAME_BYTES)

    def test_a_number_has_all_its_digits(self):
        limit = sys.get_int_max_str_digits()
        self.assertEqual(encode_json({"n": [10**5000]}), '{"n":[1' + "0" * 5000 + "]}")
        self.assertEqual(encode_json({"n": 2**63}), '{"n":9223372036854775808}')
        self.assertEqual(sys.get_int_max_str_digits(), limit)

    def test_the_limit_holds_both_ways(self):
        with self.assertRaises(FrameTooLarge):
            encode_frame({"t": "x" * MAX_FRAME_BYTES})
        self.far.sendall((MAX_FRAME_BYTES + 1).to_bytes(4, "big"))
        with self.assertRaises(FrameTooLarge):
            list(self.connection.receive())

    def test_the_end_of_the_stream_is_an_error(self):
        self.far.close()
        with self.assertRaises(ConnectionClosed):
            list(self.connection.receive())
