import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Pattern;

class WithHttpClient {
    static final String KAUTH = "https://kauth.kakao.com/oauth", KAPI = "https://kapi.kakao.com";
    static final String KEY = System.getenv("KAKAO_REST_API_KEY");
    static final String CLIENT = "client_id=" + KEY + "&client_secret=" + System.getenv("KAKAO_CLIENT_SECRET");
    static final String REDIRECT_URI = System.getenv("REDIRECT_URI");
    static final HttpClient HTTP = HttpClient.newHttpClient();

    public static void main(String[] args) throws Exception {
        String query = "?response_type=code&client_id=" + KEY + "&redirect_uri=" + REDIRECT_URI;
        String code = agree(KAUTH + "/authorize" + query).split("code=")[1];
        String token = token("authorization_code&redirect_uri=" + REDIRECT_URI + "&code=" + code);
        String me = send(call("/v2/user/me", token).GET());
        String renewed = token("refresh_token&refresh_token=" + field("refresh_token", token));
        String unlinked = send(call("/v1/user/unlink", renewed).POST(BodyPublishers.noBody()));
        System.out.printf("{\"profile\": %s, \"refresh\": true, \"unlink\": %s}%n", field("id", me), unlinked);
    }

    static String agree(String url) throws Exception {
        Process browser = new ProcessBuilder("python", "browser.py", url).start();
        return new String(browser.getInputStream().readAllBytes()).trim();
    }

    static String token(String grant) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(KAUTH + "/token"))
            .header("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
            .POST(BodyPublishers.ofString(CLIENT + "&grant_type=" + grant)));
    }

    static HttpRequest.Builder call(String path, String token) {
        return HttpRequest.newBuilder(URI.create(KAPI + path))
            .header("Authorization", "Bearer " + field("access_token", token));
    }

    static String send(HttpRequest.Builder request) throws Exception {
        var response = HTTP.send(request.build(), BodyHandlers.ofString());
        if (response.statusCode() != 200) throw new RuntimeException(response.body());
        return response.body();
    }

    static String field(String name, String json) {
        var found = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(json);
        found.find();
        return found.group(1);
    }
}
