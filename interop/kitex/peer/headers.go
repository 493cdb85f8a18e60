package peer

import (
	"context"

	"github.com/cloudwego/kitex/pkg/remote"
)

// Headers are the raw TTHeader pairs of a request as its server read them.
type Headers struct {
	Texts    map[string]string
	Integers map[uint16]string
	// Spoil asks for a wrong checksum on the answer. It takes a server that writes none of its own.
	Spoil bool
}

type headersKey struct{}

// RequestHeaders gives the headers of the request that is being served.
func RequestHeaders(ctx context.Context) *Headers {
	return ctx.Value(headersKey{}).(*Headers)
}

// serverHeaders notes the headers of every request.
type serverHeaders struct{}

func (serverHeaders) ReadMeta(ctx context.Context, message remote.Message) (context.Context, error) {
	info := message.TransInfo()
	headers := &Headers{Texts: map[string]string{}, Integers: map[uint16]string{}}
	for k, v := range info.TransStrInfo() {
		headers.Texts[k] = v
	}
	for k, v := range info.TransIntInfo() {
		headers.Integers[k] = v
	}
	return context.WithValue(ctx, headersKey{}, headers), nil
}

func (serverHeaders) WriteMeta(ctx context.Context, message remote.Message) (context.Context, error) {
	if headers, _ := ctx.Value(headersKey{}).(*Headers); headers != nil && headers.Spoil {
		message.TransInfo().PutTransStrInfo(map[string]string{"crc32c": wrongChecksum})
	}
	return ctx, nil
}
