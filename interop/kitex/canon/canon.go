// Package canon gives Thrift values one form in JSON, so that two programs can tell whether they saw the same value.
//
//	bool, integers, enums   JSON booleans and numbers
//	double                  a string: "NaN:" and the bits in hex, else the shortest text that reads back the same
//	string                  itself; beyond 256 bytes, or where it is not UTF-8, "<N bytes, sha256 HEX>"
//	binary                  "hex:" and its digits; beyond 256 bytes "<N bytes, sha256 HEX>"
//	struct, exception       an object by IDL names; optional fields that are not set are absent
//	union                   an object of the one field that is set
//	list                    an array
//	set                     an array in the order of the elements' JSON texts
//	map                     an object; a key that is no string is its JSON text
//
// A nil list, set, map or struct that is not optional is what it is on the wire: empty.
package canon

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

const longest = 256

// Struct gives the canonical form of a generated struct (or of a method's arguments).
func Struct(value any) map[string]any {
	v := reflect.ValueOf(value)
	if v.IsNil() {
		v = reflect.New(v.Type().Elem())
	}
	return fields(v.Elem())
}

// As gives the canonical form of a value whose IDL type is written as in a frugal tag: `set<string>`, `map<i32:Inner>`.
func As(value any, kind string) any {
	return of(reflect.ValueOf(value), kind)
}

// Text is the canonical form as JSON. Equal values have equal texts.
func Text(canonical any) string {
	text, err := json.Marshal(canonical)
	if err != nil {
		panic(fmt.Sprintf("canonical form of %T: %v", canonical, err))
	}
	return string(text)
}

func fields(v reflect.Value) map[string]any {
	object := map[string]any{}
	for i := 0; i < v.NumField(); i++ {
		tag := v.Type().Field(i).Tag
		name, _, _ := strings.Cut(tag.Get("thrift"), ",")
		parts := strings.SplitN(tag.Get("frugal"), ",", 3)
		if name == "" || len(parts) != 3 {
			continue
		}
		if parts[1] == "optional" && absent(v.Field(i)) {
			continue
		}
		object[name] = of(v.Field(i), parts[2])
	}
	return object
}

func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	}
	return false
}

func of(v reflect.Value, kind string) any {
	switch v.Kind() {
	case reflect.Pointer:
		return pointee(v, kind)
	case reflect.Bool:
		return v.Bool()
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return json.Number(strconv.FormatInt(v.Int(), 10))
	case reflect.Float64:
		return double(v.Float())
	case reflect.String:
		if kind == "binary" {
			return binary([]byte(v.String()))
		}
		return text(v.String())
	case reflect.Slice:
		return slice(v, kind)
	case reflect.Map:
		return object(v, kind)
	}
	panic("no Thrift type is a " + v.Type().String())
}

func pointee(v reflect.Value, kind string) any {
	if v.Type().Elem().Kind() == reflect.Struct {
		return Struct(v.Interface())
	}
	return of(v.Elem(), kind)
}

func double(f float64) string {
	if math.IsNaN(f) {
		return fmt.Sprintf("NaN:%016x", math.Float64bits(f))
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func text(s string) string {
	if !utf8.ValidString(s) || len(s) > longest {
		return digest([]byte(s))
	}
	return s
}

func binary(b []byte) string {
	if len(b) > longest {
		return digest(b)
	}
	return "hex:" + hex.EncodeToString(b)
}

func digest(b []byte) string {
	return fmt.Sprintf("<%d bytes, sha256 %x>", len(b), sha256.Sum256(b))
}

func slice(v reflect.Value, kind string) any {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return binary(v.Bytes())
	}
	outer, inner := elements(kind)
	array := make([]any, v.Len())
	for i := range array {
		array[i] = of(v.Index(i), inner)
	}
	if outer == "set" {
		sort.Slice(array, func(a, b int) bool { return Text(array[a]) < Text(array[b]) })
	}
	return array
}

func object(v reflect.Value, kind string) any {
	_, inner := elements(kind)
	keyKind, valueKind := pair(inner)
	result := map[string]any{}
	for _, key := range v.MapKeys() {
		name := of(key, keyKind)
		if _, isText := name.(string); !isText {
			name = Text(name)
		}
		result[name.(string)] = of(v.MapIndex(key), valueKind)
	}
	return result
}

// elements splits `outer<inner>`; a type without brackets has no inner type.
func elements(kind string) (outer, inner string) {
	outer, inner, _ = strings.Cut(kind, "<")
	return outer, strings.TrimSuffix(inner, ">")
}

// pair splits `key:value` at the colon that stands outside all brackets.
func pair(kind string) (key, value string) {
	depth := 0
	for i, c := range kind {
		switch {
		case c == '<':
			depth++
		case c == '>':
			depth--
		case c == ':' && depth == 0:
			return kind[:i], kind[i+1:]
		}
	}
	return kind, ""
}
