#include "request.hpp"

#include "answer.hpp"
#include "catch.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <variant>

using namespace xfsbus;
using namespace xfsbus::door;

namespace {

std::string head_of(std::string const& line, std::string const& headers = {}) {
    return line + "\r\nHost: localhost\r\n" + headers + "\r\n";
}

Request read(std::string const& line, std::string const& headers = {}) {
    auto const request = parse_request(head_of(line, headers));
    REQUIRE(std::holds_alternative<Request>(request));
    return std::get<Request>(request);
}

/// The status of the refusal; 0: it is not refused.
int refused(std::string const& line, std::string const& headers = {}) {
    auto const request = parse_request(head_of(line, headers));
    auto const* const refusal = std::get_if<Refusal>(&request);
    return refusal == nullptr ? 0 : refusal->status;
}

}  // namespace

TEST_CASE("A request names a file, whose name is percent-encoded") {
    CHECK(read("GET /files/a.bin HTTP/1.1").name == "a.bin");
    CHECK(read("GET /files/dir/b%20%C3%A4%2fc HTTP/1.1").name == "dir/b \xc3\xa4/c");
    CHECK(read("GET /files/a+b%41 HTTP/1.0").name == "a+bA");
    CHECK(read("GET http://localhost:1/files/a HTTP/1.1").name == "a");
    CHECK(read("GET /files/a?x=1#part HTTP/1.1").name == "a");
    CHECK_FALSE(read("GET /files/a HTTP/1.1").head);
    CHECK(read("HEAD /files/a HTTP/1.1").head);
}

TEST_CASE("What is no request for a file is refused, with the status that says why") {
    CHECK(refused("GET / HTTP/1.1") == 404);
    CHECK(refused("GET /files/ HTTP/1.1") == 404);
    CHECK(refused("GET http://localhost HTTP/1.1") == 404);
    for (auto const* name :
         {"../etc/passwd", "a/%2e%2e/b", "%2Fetc", "a%00b", "a//b", ".xfs-a", "%ff", "a%0d%0ab"}) {
        INFO(name);
        CHECK(refused(std::string("GET /files/") + name + " HTTP/1.1") == 404);
    }
    CHECK(refused("GET /files/%4 HTTP/1.1") == 400);
    CHECK(refused("GET /files/%zz HTTP/1.1") == 400);
    CHECK(refused("POST /files/a HTTP/1.1") == 405);
    CHECK(refused("get /files/a HTTP/1.1") == 405);
    CHECK(refused("GET /files/a HTTP/2.0") == 505);
    for (auto const* line : {"GET", "GET /files/a", "", " ", "GET /files/a b HTTP/1.1",
                             "G(T /files/a HTTP/1.1", "GET  HTTP/1.1", "GET /files/a FTP/1"}) {
        INFO(line);
        CHECK(refused(line) == 400);
    }
    CHECK(refused("GET /files/a HTTP/1.1", "no header\r\n") == 400);
    CHECK(refused("GET /files/a HTTP/1.1", "Folded: a\r\n b: c\r\n") == 400);
    CHECK(refused("GET /files/a HTTP/1.1", ": x\r\n") == 400);
    CHECK(refused("GET /files/a HTTP/1.1", "Host: other\r\n") == 400);
    CHECK(refused("GET /files/a HTTP/1.1", "Content-Length: 5\r\n") == 400);
    CHECK(refused("GET /files/a HTTP/1.1", "Transfer-Encoding: chunked\r\n") == 400);
    std::string many;
    for (std::size_t i = 0; i < headers_most; ++i) {
        many += "A: b\r\n";
    }
    CHECK(refused("GET /files/a HTTP/1.1", many) == 431);
}

TEST_CASE("The headers that matter are read, whatever their letters, and joined if repeated") {
    auto const request = read("GET /files/a HTTP/1.1",
                              "RANGE:bytes=1-2\r\nif-range: \"t\"\t\r\nIf-None-Match: \"a\"\r\n"
                              "If-None-Match: \"b\"\r\nIf-Match: *\r\nX-Other: y\r\n");
    CHECK(request.range == "bytes=1-2");
    CHECK(request.if_range == "\"t\"");
    CHECK(request.if_none_match == "\"a\", \"b\"");
    CHECK(request.if_match == "*");
    CHECK(request.host == "localhost");
    CHECK(end_of_head("GET / HTTP/1.1\r\n\r\nrest") == 18U);
    CHECK_FALSE(end_of_head("GET / HTTP/1.1\r\n\r"));
}

TEST_CASE("Whoever shows the token is admitted, in a header or in the query, and nobody else") {
    constexpr auto token = "secret-of-the-door";
    auto const admitted = [&](std::string const& target, std::string const& headers = {}) {
        return is_admitted(read("GET " + target + " HTTP/1.1", headers), token);
    };
    CHECK(admitted("/files/a?token=secret-of-the-door"));
    CHECK(admitted("/files/a?b&token=secret%2dof-the-door&c=d"));
    CHECK(admitted("/files/a", "Authorization: Bearer secret-of-the-door\r\n"));
    CHECK(admitted("/files/a", "authorization:  bearer  secret-of-the-door\r\n"));
    CHECK_FALSE(admitted("/files/a"));
    CHECK_FALSE(admitted("/files/a?token="));
    CHECK_FALSE(admitted("/files/a?token=secret-of-the-doo"));
    CHECK_FALSE(admitted("/files/a?token=secret-of-the-door1"));
    CHECK_FALSE(admitted("/files/a?Token=secret-of-the-door"));
    CHECK_FALSE(admitted("/files/a", "Authorization: Basic secret-of-the-door\r\n"));
}

TEST_CASE("Without a token only this machine is served, by a name that a web page cannot have") {
    auto const admitted = [](std::string const& host) {
        Request request;
        request.host = host;
        return is_admitted(request, "");
    };
    for (auto const* host :
         {"localhost", "localhost:80", "127.0.0.1:8080", "[::1]:8080", "[::1]"}) {
        INFO(host);
        CHECK(admitted(host));
    }
    for (auto const* host : {"", "evil.example:8080", "localhost.evil.example", "10.0.0.1",
                             "127.0.0.1.evil.example:80", "[::2]:80"}) {
        INFO(host);
        CHECK_FALSE(admitted(host));
    }
    CHECK_FALSE(is_admitted(Request(), ""));
}

namespace {

Answer answered(Request const& request) {
    return answer_for(request, "abc", 100, 784'111'777);
}

bool says(Answer const& answer, std::string const& line) {
    return answer.head.find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("A whole file is answered with its length, its content id as a tag, and the date") {
    auto const answer = answered({});
    CHECK(answer.status == 200);
    CHECK(answer.body == Part{0, 100});
    CHECK(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.head.ends_with("\r\n\r\n"));
    CHECK(says(answer, "Content-Length: 100"));
    CHECK(says(answer, "ETag: \"abc\""));
    CHECK(says(answer, "Accept-Ranges: bytes"));
    CHECK(says(answer, "Date: Sun, 06 Nov 1994 08:49:37 GMT"));
    CHECK(says(answer, "Connection: close"));
    Request head;
    head.head = true;
    head.range = "bytes=5-9";
    CHECK(answered(head).head == answer.head);
    CHECK(answered(head).body == Part{});
}

TEST_CASE("A part is answered with its place, or with the size if there is nothing of it") {
    Request request;
    request.range = "bytes=5-9";
    auto const part = answered(request);
    CHECK(part.status == 206);
    CHECK(part.body == Part{5, 10});
    CHECK(says(part, "Content-Range: bytes 5-9/100"));
    CHECK(says(part, "Content-Length: 5"));
    request.range = "bytes=100-";
    auto const none = answered(request);
    CHECK(none.status == 416);
    CHECK(says(none, "Content-Range: bytes */100"));
    CHECK(none.body == Part{});
}

TEST_CASE("Conditions are about the tag: what has not changed is not sent again") {
    Request request;
    request.if_none_match = "W/\"abc\"";
    CHECK(answered(request).status == 304);
    CHECK(answered(request).body == Part{});
    request.if_none_match = "\"other\"";
    CHECK(answered(request).status == 200);
    request.range = "bytes=5-9";
    request.if_range = "\"abc\"";
    CHECK(answered(request).status == 206);
    request.if_range = "\"other\"";
    CHECK(answered(request).status == 200);
    request.if_range = "Sun, 06 Nov 1994 08:49:37 GMT";
    CHECK(answered(request).status == 200);
    request.if_match = "\"other\"";
    CHECK(answered(request).status == 412);
}

TEST_CASE("Words are answered with their length, and a HEAD without them") {
    auto const text = answer_in_words({404, "nobody has it"}, false, 0);
    CHECK(text.starts_with("HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
    CHECK(text.find("\r\nContent-Length: 14\r\n") != std::string::npos);
    CHECK(text.ends_with("\r\n\r\nnobody has it\n"));
    CHECK(answer_in_words({404, "nobody has it"}, true, 0).ends_with("Content-Length: 14\r\n\r\n"));
    CHECK(answer_in_words({401, "x"}, false, 0).find("WWW-Authenticate: Bearer") !=
          std::string::npos);
    CHECK(answer_in_words({405, "x"}, false, 0).find("Allow: GET, HEAD") != std::string::npos);
    CHECK(answer_in_words({503, "x"}, false, 0).find("Retry-After: 1") != std::string::npos);
}

TEST_CASE("Whatever comes is a request for what may be a file, or is refused with a status") {
    std::string const honest =
        head_of("GET /files/dir/a%20b@0123?x=1&token=0123456789abcdef HTTP/1.1",
                "Range: bytes=1-2\r\nIf-Range: \"t\"\r\nAuthorization: Bearer x\r\n");
    std::string_view const alphabet = "\r\n :%/?&=@\0\xff\x7fGETHA01.,-*\"";
    std::mt19937 random(1);
    int served = 0;
    int refused_ones = 0;
    for (int i = 0; i < 20'000; ++i) {
        auto text = honest;
        for (auto changes = random() % 4; changes > 0; --changes) {
            auto const at = random() % text.size();
            auto const what = alphabet[random() % alphabet.size()];
            random() % 2 == 0 ? void(text[at] = what) : void(text.erase(at, 1 + random() % 9));
            text.resize(std::max<std::size_t>(text.size(), 1));
        }
        auto const read = parse_request(text);
        if (auto const* refusal = std::get_if<Refusal>(&read)) {
            ++refused_ones;
            CHECK((refusal->status >= 400 && refusal->status < 600 && !refusal->words.empty()));
        } else {
            ++served;
            CHECK_FALSE(wire::name_problem(std::get<Request>(read).name));
        }
    }
    CHECK(served > 5'000);
    CHECK(refused_ones > 1'000);
}
