set -eu
kauth=https://kauth.kakao.com/oauth
kapi=https://kapi.kakao.com
client="client_id=$KAKAO_REST_API_KEY&client_secret=$KAKAO_CLIENT_SECRET"
field() { sed "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/"; }

query="response_type=code&client_id=$KAKAO_REST_API_KEY&redirect_uri=$REDIRECT_URI"
answer=$(python browser.py "$kauth/authorize?$query")
token=$(curl -fsS -d "$client" -d grant_type=authorization_code -d "code=${answer#*code=}" \
  --data-urlencode "redirect_uri=$REDIRECT_URI" $kauth/token)
header="Authorization: Bearer $(echo "$token" | field access_token)"
me=$(curl -fsS -H "$header" $kapi/v2/user/me)
refresh_token=$(echo "$token" | field refresh_token)
curl -fsS -o /dev/null -d "$client" -d grant_type=refresh_token -d "refresh_token=$refresh_token" \
  $kauth/token
unlinked=$(curl -fsS -X POST -H "$header" $kapi/v1/user/unlink)
echo "{\"profile\": $(echo "$me" | field id), \"refresh\": true, \"unlink\": $unlinked}"
