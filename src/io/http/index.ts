export { createHttp, type Http, type HttpOptions, type HttpResponse } from "./http.ts";
