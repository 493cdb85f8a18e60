package peer

import (
	"context"
	"encoding/binary"

	"github.com/cloudwego/kitex/pkg/remote"

	"kitexpeer/cases"
)

const wrongChecksum = "00000000"

// Reply is what a client notes of the bytes of an answer.
type Reply struct {
	// Form is the outer form, read from the bytes and not from the options.
	Form string
	// Checksum is the header `crc32c`.
	Checksum string
}

type replyKey struct{}

// WithReply has the answer of the next call with this context noted.
func WithReply(ctx context.Context, reply *Reply) context.Context {
	return context.WithValue(ctx, replyKey{}, reply)
}

// clientCodec is Kitex's codec behind a look at what it is about to read.
type clientCodec struct{ remote.Codec }

func (c clientCodec) Decode(ctx context.Context, message remote.Message, in remote.ByteBuffer) error {
	if reply, _ := ctx.Value(replyKey{}).(*Reply); reply != nil {
		form, err := formOf(in)
		if err != nil {
			return err
		}
		reply.Form = form
	}
	return c.Codec.Decode(ctx, message, in)
}

// formOf tells the forms apart as every reader of this wire does (docs/wire.md), without taking anything from the buffer.
func formOf(in remote.ByteBuffer) (string, error) {
	head, err := in.Peek(8)
	if err != nil {
		return "", err
	}
	if binary.BigEndian.Uint16(head[4:]) != 0x1000 {
		return payloadForm(head, "buffered", "framed"), nil
	}
	if head, err = in.Peek(14); err != nil {
		return "", err
	}
	payload := 14 + 4*int(binary.BigEndian.Uint16(head[12:]))
	if head, err = in.Peek(payload + 8); err != nil {
		return "", err
	}
	return payloadForm(head[payload:], "ttheader", "ttheader-framed"), nil
}

func payloadForm(head []byte, bare, framed string) string {
	switch uint16(0x8001) {
	case binary.BigEndian.Uint16(head):
		return bare
	case binary.BigEndian.Uint16(head[4:]):
		return framed
	}
	return "unknown"
}

// clientHeaders notes the checksum of answers, and spoils that of requests that are asked for so.
type clientHeaders struct{}

func (clientHeaders) WriteMeta(ctx context.Context, message remote.Message) (context.Context, error) {
	if cases.Tampered(ctx) {
		message.TransInfo().PutTransStrInfo(map[string]string{"crc32c": wrongChecksum})
	}
	return ctx, nil
}

func (clientHeaders) ReadMeta(ctx context.Context, message remote.Message) (context.Context, error) {
	if reply, _ := ctx.Value(replyKey{}).(*Reply); reply != nil {
		reply.Checksum = message.TransInfo().TransStrInfo()["crc32c"]
	}
	return ctx, nil
}
