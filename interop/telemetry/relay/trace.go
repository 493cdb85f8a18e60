package main

import (
	"context"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/endpoint"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// propagator is W3C's: its keys travel as Kitex's transient metadata.
var propagator = propagation.TraceContext{}

// export sends what OpenTelemetry's own library makes of spans to a collector; the result sends what is left.
func export(collector string) (func(context.Context) error, error) {
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(collector), otlptracehttp.WithInsecure())
	if err != nil {
		return nil, err
	}
	named := resource.NewSchemaless(attribute.String("service.name", "relay"))
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(named))
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

func serverSpan(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request, response any) error {
		ctx = propagator.Extract(ctx, propagation.MapCarrier(metainfo.GetAllValues(ctx)))
		return within(ctx, api.SpanKindServer, func(ctx context.Context) error { return next(ctx, request, response) })
	}
}

func clientSpan(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request, response any) error {
		return within(ctx, api.SpanKindClient, func(ctx context.Context) error {
			carrier := propagation.MapCarrier{}
			propagator.Inject(ctx, carrier)
			for key, value := range carrier {
				ctx = metainfo.WithValue(ctx, key, value)
			}
			return next(ctx, request, response)
		})
	}
}

// within does something in a span that is named as the conventions have it.
func within(ctx context.Context, kind api.SpanKind, do func(context.Context) error) error {
	to := rpcinfo.GetRPCInfo(ctx).Invocation()
	name := to.ServiceName() + "/" + to.MethodName()
	ctx, span := otel.Tracer("relay").Start(ctx, name, api.WithSpanKind(kind))
	defer span.End()
	err := do(ctx)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	return err
}
